# Table 3: SYNTHIA -> Cityscapes, 16 classes trained, 16 and 13 (*) reported.
title = 'Table 3: SYNTHIA -> Cityscapes'
paper = '3'
means = dict(mIoU16='mIoU', mIoU13='mIoU*')
start = 'source_only/synthia.py'
rows = [
    dict(name='Source only', config='source_only/synthia.py', start=None),
    dict(name='MinEnt', config='minent/synthia2cs.py'),
    dict(name='MaxSquare', config='maxsquare/synthia2cs.py'),
    dict(name='MaxSquare+IW', config='maxsquare/synthia2cs_iw.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/synthia2cs_iw_multi.py'),
]
