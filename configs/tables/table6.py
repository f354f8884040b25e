# Table 6: Cityscapes -> the four cities of NTHU, 13 classes.
title = 'Table 6: Cityscapes -> NTHU'
paper = '6'
start = 'source_only/cityscapes13.py'
_cities = ('Rome', 'Rio', 'Tokyo', 'Taipei')
_rows = [
    dict(name='Cross city [5]', config='cross_city/cs2nthu_{}.py',
         heading='Cross-City GA+CA without static prior (R-101; paper: [5], VGG-16)'),
    dict(name='CBST [36]', config='cbst/cs2nthu_{}.py', heading='CBST (R-101; paper: WRN-38)'),
    dict(name='AdaptSegNet [28]', config='adaptsegnet/cs2nthu_{}.py', start=None),
    dict(name='Source only', config='source_only/cs2nthu_{}.py', train=False),
    dict(name='MaxSquare', config='maxsquare/cs2nthu_{}.py'),
    dict(name='MaxSquare+IW', config='maxsquare/cs2nthu_{}_iw.py'),
    dict(name='BN control', config='source_only/cs2nthu_{}_bn.py'),  # not in the paper
]  # fmt: skip
rows = [
    {**row, 'name': f'{city}: {row["name"]}', 'config': row['config'].format(city.lower())}
    for city in _cities
    for row in _rows
]
