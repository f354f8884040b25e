# Evidence: the systems of the paper's tables, CamVid, day -> dusk.
title = 'Evidence, other systems: CamVid, day -> dusk'
start = 'source_only/camvid_day.py'
_config = 'evidence/camvid_dusk.py'
rows = [
    dict(name='Source only', config='evidence/camvid_dusk_source.py'),
    dict(name='BN control', config=_config, options={'model.target_loss.loss_weight': 0.0}),
    dict(name='AdaptSegNet', config='evidence/camvid_dusk_adaptsegnet.py'),
    dict(name='MinEnt (ADVENT)', config='evidence/camvid_dusk_advent_minent.py'),
    dict(name='MinEnt+ER (ADVENT)', config='evidence/camvid_dusk_advent_minent_er.py'),
    dict(name='AdvEnt', config='evidence/camvid_dusk_advent.py'),
    dict(
        name='AdvEnt+MinEnt',
        members=['evidence/camvid_dusk_advent.py', 'evidence/camvid_dusk_advent_minent_er.py'],
    ),
    dict(name='CBST', config='evidence/camvid_dusk_cbst.py'),
    dict(name='Cross-City (GA+CA)', config='evidence/camvid_dusk_cross_city.py'),
    dict(name='MaxSquare', config=_config),
    dict(name='MaxSquare+IW+Multi', config='evidence/camvid_dusk_multi.py'),
]
# The strength of MaxSquare's decode head, by `strength` with seed 0: at the source model, or, with
# discriminators, after the run above.
_equal = {
    'AdaptSegNet': ('adaptsegnet', 0.0047, 0.00094),
    'AdvEnt': ('advent', 0.00286, 0.000573),
    'MinEnt (ADVENT)': ('advent_minent', 0.0705, 0.0141),
    'MinEnt+ER (ADVENT)': ('advent_minent_er', 0.032, 0.0064),
}
rows += [
    dict(
        name=f'{name}, equal strength',
        config=f'evidence/camvid_dusk_{config}.py',
        options={
            'model.methods.0.weights.decode_head': weight,
            'model.methods.0.weights.auxiliary_head': low,
        },
    )
    for name, (config, weight, low) in _equal.items()
]
references = ['Source only', 'BN control']
