# CamVid, day -> dusk: two controls and the methods, with the equations as printed.
title = 'CamVid, day -> dusk'
start = 'source_only/camvid_day.py'
rows = [
    dict(name='Source only', config='source_only/camvid_day_continued.py'),
    dict(name='BN control', config='source_only/camvid_day2dusk_bn.py'),
    dict(name='MinEnt', config='minent/camvid_day2dusk_literal.py'),
    dict(name='MaxSquare', config='maxsquare/camvid_day2dusk_literal.py'),
    dict(name='MaxSquare+IW', config='maxsquare/camvid_day2dusk_iw_literal.py'),
    dict(name='MaxSquare+IW+Multi', config='maxsquare/camvid_day2dusk_iw_multi_literal.py'),
]
references = ['Source only', 'BN control']
pictures = ['Source only', 'BN control', 'MaxSquare+IW+Multi']
