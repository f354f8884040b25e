# Handwritten digits, both directions: two controls and the losses of Table 1.
title = 'Digits: MNIST and UCI'
score = 'aAcc'
start = {
    'MNIST→UCI': 'source_only/digits_mnist2uci.py',
    'UCI→MNIST': 'source_only/digits_uci2mnist.py',
}
rows = [
    dict(
        name=name,
        columns={
            'MNIST→UCI': config.format('mnist2uci'),
            'UCI→MNIST': config.format('uci2mnist'),
        },
    )
    for name, config in (
        ('Source only', 'source_only/digits_{}_continued.py'),
        ('BN control', 'source_only/digits_{}_bn.py'),
        ('EntMin', 'minent/digits_{}.py'),
        ('MaxSquare', 'maxsquare/digits_{}.py'),
        ('DANN', 'dann/digits_{}.py'),
    )
]
