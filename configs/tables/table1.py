# Table 1: Office-31, accuracy over all images of the target.
title = 'Table 1: Office-31'
paper = '1'
score = 'aAcc'
rows = [
    dict(
        name=name,
        columns={
            'A→W': f'{method}/office31_a2w.py',
            'D→W': f'{method}/office31_d2w.py',
            'W→D': f'{method}/office31_w2d.py',
            'A→D': f'{method}/office31_a2d.py',
            'D→A': f'{method}/office31_d2a.py',
            'W→A': f'{method}/office31_w2a.py',
        },
    )
    for name, method in (
        ('ResNet-50 [12]', 'source_only'),
        ('DANN [10]', 'dann'),
        ('EntMin', 'minent'),
        ('MaxSquare', 'maxsquare'),
    )
]
