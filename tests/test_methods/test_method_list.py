"""Several methods at once: none is lost, whatever its terms are called."""

import torch
from mmengine.optim import build_optim_wrapper
from torch import nn

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_batch, uda_cfg

WEIGHTS = dict(decode_head=0.1, auxiliary_head=0.02)
OPTIMIZERS = dict(
    constructor='MethodOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.01),
    methods=dict(optimizer=dict(type='Adam', lr=1e-3)),
)


def model_with(*names: str) -> nn.Module:
    methods = [dict(type=name, weights=WEIGHTS) for name in names]
    cfg = uda_cfg(target_loss=None, auxiliary_head=low_head_cfg(), methods=methods)
    return build_model(cfg).train()


def trained(model: nn.Module) -> tuple[dict[str, float], set[str]]:
    """What is logged in a step, and the names of the networks that moved."""
    before = {n: p.detach().clone() for n, p in model.methods.named_parameters()}
    torch.manual_seed(1)  # dropout
    logged = model.train_step(uda_batch(0), build_optim_wrapper(model, OPTIMIZERS))
    moved = {n for n, p in model.methods.named_parameters() if not torch.equal(p, before[n])}
    return {k: float(v) for k, v in logged.items()}, {n.partition('s.')[0] for n in moved}


def test_terms_of_one_name_are_kept_apart() -> None:
    both, one = model_with('AdaptSegNet', 'AdvEnt'), model_with('AdaptSegNet')
    one.load_state_dict(both.state_dict(), strict=False)
    alone, _ = trained(one)
    logged, moved = trained(both)
    assert moved == {'0.discriminator', '1.discriminator'}
    for term in ('target.loss_adversarial.decode_head', 'source.loss_discriminator.decode_head'):
        assert logged[term] == alone[term]
        assert logged[f'{term}.methods.1'] > 0
    parts = [v for k, v in logged.items() if 'loss' in k and 'discriminator' not in k]
    total = logged.pop('loss')
    parts.remove(total)
    assert abs(sum(parts) - total) < 1e-5


def test_methods_with_and_without_networks() -> None:
    logged, moved = trained(model_with('AdventMinEnt', 'AdvEnt'))
    assert moved == {'1.discriminator'}
    assert logged['target.loss_entropy.decode_head'] > 0
    assert logged['target.loss_adversarial.decode_head'] > 0
