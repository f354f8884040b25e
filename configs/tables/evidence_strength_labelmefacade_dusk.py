# Evidence at equal strength: LabelMeFacade -> CamVid at dusk.
title = 'Evidence at equal strength: LabelMeFacade -> CamVid at dusk'
start = 'source_only/labelmefacade.py'
_losses = dict(
    MinEnt={'model.target_loss.type': 'EntropyLoss'},
    MaxSquare={},
    IW={'model.target_loss.alpha': 0.2},
)
rows = [
    dict(name='Source only', config='evidence/labelmefacade_dusk_source.py'),
    dict(
        name='BN control',
        config='evidence/labelmefacade_dusk.py',
        options={'model.target_loss.loss_weight': 0.0},
    ),
]
rows += [
    dict(
        name=f'{name}, {strength}',
        config='evidence/labelmefacade_dusk_strength.py',
        options={**options, 'custom_hooks.1.factor': factor},
    )
    for name, options in _losses.items()
    for strength, factor in (('s0/3', 0.333), ('s0', 1.0), ('3 s0', 3.0))
]
