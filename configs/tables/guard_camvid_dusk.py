# Losses, rates and lengths of source-free adaptation, good and collapsing, for the guard.
title = 'Guard, CamVid day -> dusk'
start = 'source_only/camvid_day.py'
_guard = 'source_free/camvid_day2dusk_guard.py'
_alone = {'model.anchor': None, 'train_cfg.max_iters': 200}
_rate, _alpha = 'optim_wrapper.optimizer.lr', 'model.target_loss.alpha'
_order, _beta = 'train_dataloader.dataset.seed', 'model.anchor.loss_weight'
_entropy = {'model.target_loss.type': 'EntropyLoss', _alpha: 0.0}
_short = {'train_cfg.max_iters': 100}
rows = [
    dict(
        name='statistics',
        config=_guard,
        options={**_alone, **_short, 'model.target_loss.loss_weight': 0.0},
    ),
    dict(name='entropy', config=_guard, options={**_alone, **_entropy}),
    dict(name='squares', config=_guard, options={**_alone, _alpha: 0.0}),
    dict(
        name='information',
        config='source_free/camvid_day2dusk_guard_im.py',
        options={'train_cfg.max_iters': 200},
    ),
    dict(name='IW', config=_guard, options=_alone),
    dict(name='IW order 1', config=_guard, options={**_alone, _order: 1}),
    dict(name='IW order 2', config=_guard, options={**_alone, _order: 2}),
    dict(name='IW rate 3e-4', config=_guard, options={**_alone, _rate: 3e-4}),
    dict(
        name='IW argmax', config=_guard, options={**_alone, 'model.target_loss.weight_by': 'argmax'}
    ),
    dict(name='IW alpha 0.5', config=_guard, options={**_alone, _alpha: 0.5}),
    dict(name='IW rate 3e-3', config=_guard, options={**_alone, **_short, _rate: 3e-3}),
    dict(
        name='IW all parameters',
        config=_guard,
        options={**_alone, 'model.trained_params': 'all', _rate: 1e-4},
    ),
    dict(name='IW source', config='source_free/camvid_day2dusk_guard_source.py', options=_alone),
    dict(name='anchored IW', config=_guard),
    dict(name='anchored squares', config=_guard, options={_alpha: 0.0}),
    dict(name='anchored entropy', config=_guard, options=_entropy),
    dict(name='anchored IW beta 0.1', config=_guard, options={**_short, _beta: 0.1}),
    dict(name='anchored IW beta 1.0', config=_guard, options={_beta: 1.0}),
    dict(name='anchored IW source', config='source_free/camvid_day2dusk_guard_source.py'),
]
