# Table 3: SYNTHIA -> Cityscapes, 16 classes trained, 16 and 13 (*) reported.
title = 'Table 3: SYNTHIA -> Cityscapes'
paper = '3'
means = dict(mIoU16='mIoU', mIoU13='mIoU*')
start = 'source_only/synthia.py'
_wrn38 = 'source_only/synthia_wrn38.py'
rows = [
    dict(name='Source only [36]', config=_wrn38, start=None),
    dict(name='CBST [36]', config='cbst/synthia2cs_wrn38.py', start=_wrn38),
    dict(name='AdaptSegNet [28]', config='adaptsegnet/synthia2cs.py', start=None),
    dict(name='MinEnt [31]', config='advent/synthia2cs_minent.py', start=None),
    dict(
        name='AdvEnt+MinEnt [31]',
        members=['advent/synthia2cs_advent.py', 'advent/synthia2cs_minent_er.py'],
        start=None,
    ),
    dict(name='Source only', config='source_only/synthia.py', start=None),
    dict(name='MinEnt', config='minent/synthia2cs.py'),
    dict(name='MaxSquare', config='maxsquare/synthia2cs.py'),
    dict(name='MaxSquare+IW', config='maxsquare/synthia2cs_iw.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/synthia2cs_iw_multi.py'),
    dict(name='BN control', config='source_only/synthia2cs_bn.py'),  # not in the paper
]
