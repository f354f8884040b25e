# Table 4: what each part adds, GTA5 -> Cityscapes.
title = 'Table 4: ablation, GTA5 -> Cityscapes'
paper = '4'
start = 'source_only/gta.py'
rows = [
    dict(name='MinEnt', config='minent/gta2cs.py'),
    dict(name='MaxSquare', config='maxsquare/gta2cs.py'),
    dict(name='MinEnt+IW', config='minent/gta2cs_iw.py'),
    dict(name='MaxSquare+IW', config='maxsquare/gta2cs_iw.py'),
    dict(name='MaxSquare+Multi', config='maxsquare/gta2cs_multi.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/gta2cs_iw_multi.py'),
]
