# Table 2: GTA5 -> Cityscapes, 19 classes.
title = 'Table 2: GTA5 -> Cityscapes'
paper = '2'
start = 'source_only/gta.py'
_wrn38 = 'source_only/gta_wrn38.py'
rows = [
    dict(name='Source only [36]', config=_wrn38, start=None),
    dict(name='CBST [36]', config='cbst/gta2cs_wrn38.py', start=_wrn38),
    dict(name='CBST-SP [36]', config='cbst/gta2cs_wrn38_sp.py', start=_wrn38),
    dict(name='AdaptSegNet [28]', config='adaptsegnet/gta2cs.py', start=None),
    dict(name='MinEnt [31]', config='advent/gta2cs_minent.py', start=None),
    dict(
        name='AdvEnt+MinEnt [31]',
        members=['advent/gta2cs_advent.py', 'advent/gta2cs_minent_er.py'],
        start=None,
    ),
    dict(name='Source only', config='source_only/gta.py', start=None),
    dict(name='MinEnt', config='minent/gta2cs.py'),
    dict(name='MaxSquare', config='maxsquare/gta2cs.py'),
    dict(name='MaxSquare+IW', config='maxsquare/gta2cs_iw.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/gta2cs_iw_multi.py'),
    dict(name='BN control', config='source_only/gta2cs_bn.py'),  # not in the paper
]
