# CamVid, day -> dusk: the systems of the paper's tables, each at the weights of its authors.
title = 'CamVid, day -> dusk: all systems'
start = 'source_only/camvid_day.py'
rows = [
    dict(name='Source only', config='source_only/camvid_day_continued.py'),
    dict(name='BN control', config='source_only/camvid_day2dusk_bn.py'),
    dict(name='AdaptSegNet', config='adaptsegnet/camvid_day2dusk.py'),
    dict(name='MinEnt (ADVENT)', config='advent/camvid_day2dusk_minent.py'),
    dict(name='MinEnt+ER (ADVENT)', config='advent/camvid_day2dusk_minent_er.py'),
    dict(name='AdvEnt', config='advent/camvid_day2dusk_advent.py'),
    dict(name='CBST', config='cbst/camvid_day2dusk.py'),
    dict(name='Cross-City (GA+CA)', config='cross_city/camvid_day2dusk.py'),
    dict(name='MinEnt', config='minent/camvid_day2dusk_literal.py'),
    dict(name='MaxSquare', config='maxsquare/camvid_day2dusk_literal.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/camvid_day2dusk_iw_multi_literal.py'),
]
references = ['Source only', 'BN control']
