# Table 6: Cityscapes -> the four cities of NTHU, 13 classes.
title = 'Table 6: Cityscapes -> NTHU'
paper = '6'
start = 'source_only/cityscapes13.py'
rows = [
    dict(name='Rome: Source only', config='source_only/cs2nthu_rome.py', train=False),
    dict(name='Rome: MaxSquare', config='maxsquare/cs2nthu_rome.py'),
    dict(name='Rome: MaxSquare+IW', config='maxsquare/cs2nthu_rome_iw.py'),
    dict(name='Rio: Source only', config='source_only/cs2nthu_rio.py', train=False),
    dict(name='Rio: MaxSquare', config='maxsquare/cs2nthu_rio.py'),
    dict(name='Rio: MaxSquare+IW', config='maxsquare/cs2nthu_rio_iw.py'),
    dict(name='Tokyo: Source only', config='source_only/cs2nthu_tokyo.py', train=False),
    dict(name='Tokyo: MaxSquare', config='maxsquare/cs2nthu_tokyo.py'),
    dict(name='Tokyo: MaxSquare+IW', config='maxsquare/cs2nthu_tokyo_iw.py'),
    dict(name='Taipei: Source only', config='source_only/cs2nthu_taipei.py', train=False),
    dict(name='Taipei: MaxSquare', config='maxsquare/cs2nthu_taipei.py'),
    dict(name='Taipei: MaxSquare+IW', config='maxsquare/cs2nthu_taipei_iw.py'),
]
