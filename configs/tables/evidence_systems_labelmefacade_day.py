# Evidence: the systems of the paper's tables, LabelMeFacade -> CamVid by day.
title = 'Evidence, other systems: LabelMeFacade -> CamVid by day'
start = 'source_only/labelmefacade.py'
_config = 'evidence/labelmefacade_day.py'
rows = [
    dict(name='Source only', config='evidence/labelmefacade_day_source.py'),
    dict(name='BN control', config=_config, options={'model.target_loss.loss_weight': 0.0}),
    dict(name='AdaptSegNet', config='evidence/labelmefacade_day_adaptsegnet.py'),
    dict(name='MinEnt (ADVENT)', config='evidence/labelmefacade_day_advent_minent.py'),
    dict(name='MinEnt+ER (ADVENT)', config='evidence/labelmefacade_day_advent_minent_er.py'),
    dict(name='AdvEnt', config='evidence/labelmefacade_day_advent.py'),
    dict(
        name='AdvEnt+MinEnt',
        members=[
            'evidence/labelmefacade_day_advent.py',
            'evidence/labelmefacade_day_advent_minent_er.py',
        ],
    ),
    dict(name='CBST', config='evidence/labelmefacade_day_cbst.py'),
    dict(name='Cross-City (GA+CA)', config='evidence/labelmefacade_day_cross_city.py'),
    dict(name='MaxSquare', config=_config),
    dict(name='MaxSquare+IW+Multi', config='evidence/labelmefacade_day_multi.py'),
]
# The strength of MaxSquare's decode head, by `strength` with seed 0: at the source model, or, with
# discriminators, after the run above.
_equal = {
    'AdaptSegNet': ('adaptsegnet', 0.0146, 0.00292),
    'AdvEnt': ('advent', 0.0109, 0.00219),
    'MinEnt (ADVENT)': ('advent_minent', 0.0595, 0.0119),
    'MinEnt+ER (ADVENT)': ('advent_minent_er', 0.0247, 0.00494),
}
rows += [
    dict(
        name=f'{name}, equal strength',
        config=f'evidence/labelmefacade_day_{config}.py',
        options={
            'model.methods.0.weights.decode_head': weight,
            'model.methods.0.weights.auxiliary_head': low,
        },
    )
    for name, (config, weight, low) in _equal.items()
]
references = ['Source only', 'BN control']
