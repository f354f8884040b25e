# Evidence: CamVid, day -> dusk, 11 classes.
title = 'Evidence: CamVid, day -> dusk'
start = 'source_only/camvid_day.py'
_config = 'evidence/camvid_dusk.py'
rows = [
    dict(name='Source only', config='evidence/camvid_dusk_source.py'),
    dict(name='BN control', config=_config, options={'model.target_loss.loss_weight': 0.0}),
    dict(name='MinEnt', config=_config, options={'model.target_loss.type': 'EntropyLoss'}),
    dict(name='MaxSquare', config=_config),
    dict(name='MaxSquare+IW', config=_config, options={'model.target_loss.alpha': 0.2}),
    dict(name='MaxSquare+IW+Multi', config='evidence/camvid_dusk_multi.py'),
    dict(name='Source-free IW', config='evidence/camvid_dusk_source_free.py'),
]
references = ['Source only', 'BN control']
