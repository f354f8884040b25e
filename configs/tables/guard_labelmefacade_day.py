# The same as guard_labelmefacade_dusk.py by day.
title = 'Guard, LabelMeFacade -> CamVid by day'
start = 'source_only/labelmefacade.py'
_guard = 'source_free/labelmefacade2camvid_day_guard.py'
_alone = {'model.anchor': None, 'train_cfg.max_iters': 100}
_rate, _alpha = 'optim_wrapper.optimizer.lr', 'model.target_loss.alpha'
_entropy = {'model.target_loss.type': 'EntropyLoss', _alpha: 0.0}
rows = [
    dict(
        name='statistics', config=_guard, options={**_alone, 'model.target_loss.loss_weight': 0.0}
    ),
    dict(name='entropy', config=_guard, options={**_alone, **_entropy}),
    dict(name='squares', config=_guard, options={**_alone, _alpha: 0.0}),
    dict(name='IW', config=_guard, options=_alone),
    dict(name='IW rate 3e-4', config=_guard, options={**_alone, _rate: 3e-4}),
    dict(name='anchored IW', config=_guard),
    dict(name='anchored squares', config=_guard, options={_alpha: 0.0}),
    dict(name='anchored entropy', config=_guard, options=_entropy),
    dict(name='anchored IW beta 1.0', config=_guard, options={'model.anchor.loss_weight': 1.0}),
]
