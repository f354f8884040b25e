"""Faults of losses and guidance."""

from .base import fields

LOSS, GUIDANCE = 'model.target_loss', 'model.guidance'
UNKNOWN = '<type> does not know <keys>; it knows <keys>; correct the name or leave it out'
fields(f'model.target_loss: {UNKNOWN}', key_of_target_loss={f'{LOSS}.lambda_t': 0.1})
fields(f'model.guidance: {UNKNOWN}', key_of_guidance={f'{GUIDANCE}.delta': 0.9})
fields(f'<head>.loss_decode: {UNKNOWN}', key_of_loss={'model.decode_head.loss_decode.weight': 0.1})
fields(
    'model.target_loss: <type> is not in the <registry> registry. Did you mean <type>?',
    no_such_loss={f'{LOSS}.type': 'MaxSquaresLoss'},
)
fields(
    'model.target_loss: alpha must lie in [0, 1] (0 = plain loss, paper: 0.2), got <value>',
    negative_alpha={f'{LOSS}.alpha': -0.1},
    alpha_over_1={f'{LOSS}.alpha': 1.5},
)
fields(
    'model.target_loss: weight_by must be one of <names>, got <value>',
    weight_by_nothing={f'{LOSS}.weight_by': 'pixel'},
)
fields(
    'model.target_loss: loss_weight must be at least 0, got <value>',
    negative_lambda={f'{LOSS}.loss_weight': -0.1},
)
fields(
    'model.target_loss: gamma must lie in [0, 0.5) (0 = plain entropy), got <value>',
    gamma_of_a_half={LOSS: dict(type='EntropyLoss', gamma=0.5)},
)
fields(
    'model.target_loss: loss_name must contain "loss" to enter the sum, got <value>',
    nameless_loss={f'{LOSS}.loss_name': 'max_square'},
)
fields(
    'model.guidance: threshold must lie in (0, 1) (paper: 0.95), got <value>',
    **{f'delta_of_{value}': {f'{GUIDANCE}.threshold': value} for value in (-0.5, 0, 1.0, 1.5)},
)
fields(
    'model.guidance: guidance loss_weight must be at least 0, got <value>',
    negative_lambda_low={f'{GUIDANCE}.loss_weight': -0.1},
)
fields(
    'model.guidance: mask must be one of <names>, got <value>',
    no_such_mask={f'{GUIDANCE}.mask': 'all'},
)
fields(
    'model.guidance: normalizer must be one of <names>, got <value>',
    no_such_normalizer={f'{GUIDANCE}.normalizer': 'pixels'},
)
fields(
    'model.guidance trains an auxiliary head (the low level), but the model has none: add '
    'auxiliary_head=dict(...) or set guidance=None',
    no_low_head={'model.auxiliary_head': None},
)
fields(
    'model.guidance: the model has <n> auxiliary heads; name the one that it trains with '
    'head=0..<n>, got <value>',
    no_such_low_head={f'{GUIDANCE}.head': 1},
)
fields(
    'step <n> (<images>): <losses> is not finite. The last checkpoint is good. Look at these '
    'images, lower the learning rate or target_loss.loss_weight, or skip such steps with '
    "default_hooks.finite.action='skip'",
    rate_that_diverges={
        'default_hooks.finite': dict(type='NonFiniteHook'),
        'optim_wrapper.optimizer.lr': 1e38,
    },
)
