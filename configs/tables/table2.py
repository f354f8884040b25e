# Table 2: GTA5 -> Cityscapes, 19 classes.
title = 'Table 2: GTA5 -> Cityscapes'
paper = '2'
start = 'source_only/gta.py'
rows = [
    dict(name='Source only', config='source_only/gta.py', start=None),
    dict(name='MinEnt', config='minent/gta2cs.py'),
    dict(name='MaxSquare', config='maxsquare/gta2cs.py'),
    dict(name='MaxSquare+IW', config='maxsquare/gta2cs_iw.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/gta2cs_iw_multi.py'),
]
