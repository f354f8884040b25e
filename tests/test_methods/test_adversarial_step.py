"""A whole step of AdaptSegNet and AdvEnt against a second implementation, in float64."""

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from torch import Tensor

from mmseg_maxsquare.methods import Predictions
from mmseg_maxsquare.models.trained_params import norm_layers

from tests.helpers.tiny_models import build_model, low_head_cfg, uda_batch, uda_cfg
from tests.test_methods import adversarial_by_hand as hand

TWO = dict(decode_head=0.3, auxiliary_head=0.1)
SIZES = {1: ((40, 48),), 2: ((40, 48), (40, 48))}
CASES = [
    ('AdaptSegNet', TWO, 'vanilla', hand.probabilities, hand.vanilla),
    ('AdaptSegNet', dict(decode_head=0.3), 'vanilla', hand.probabilities, hand.vanilla),
    ('AdaptSegNet', dict(decode_head=0.3), 'least_squares', hand.probabilities, hand.least_squares),
    ('AdvEnt', TWO, 'vanilla', hand.self_information, hand.vanilla),
]


def optimizers(model: torch.nn.Module, **fields) -> object:
    """Both optimizers as a config gives them."""
    cfg = dict(
        constructor='MethodOptimWrapperConstructor',
        type='OptimWrapper',
        optimizer=dict(type='SGD', **hand.SGD),
        methods=dict(optimizer=dict(type='Adam', **hand.ADAM)),
    )
    return build_optim_wrapper(model, {**cfg, **fields})


def in_float64(model: torch.nn.Module) -> torch.nn.Module:
    """The model in float64, images included."""
    model.double()
    model.data_preprocessor.float()  # as the one by hand
    preprocess = type(model.data_preprocessor).forward

    def forward(data: dict, training: bool = False) -> dict:
        data = preprocess(model.data_preprocessor, data, training)
        data['inputs'] = {domain: x.double() for domain, x in data['inputs'].items()}
        return data

    model.data_preprocessor.forward = forward
    return model


@pytest.mark.parametrize('accumulate', [1, 2])
@pytest.mark.parametrize('images', [1, 2])
@pytest.mark.parametrize(('kind', 'weights', 'gan', 'see', 'judge'), CASES)
def test_step_equals_the_one_by_hand(kind, weights, gan, see, judge, images, accumulate) -> None:
    """Parameters of all networks after two updates agree to 1e-10."""
    method = dict(type=kind, weights=weights, gan=gan)
    cfg = dict(auxiliary_head=low_head_cfg())
    model = in_float64(build_model(uda_cfg(target_loss=None, methods=[method], **cfg))).train()
    twin = hand.ByHand(model, list(weights.values()), see, judge, accumulate, **cfg)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = optimizers(model, accumulative_counts=accumulate)
    for seed in range(2 * accumulate):
        batch = uda_batch(seed, SIZES[images], SIZES[images])
        model.train_step(batch, optimizer)
        twin.iterate(batch)
    state = model.state_dict()
    for name, expected in twin.segmentor.state_dict().items():
        torch.testing.assert_close(state[name], expected, rtol=0, atol=1e-10)
    for ours, theirs in zip(
        model.methods[0].discriminators.values(), twin.discriminators, strict=True
    ):
        for value, expected in zip(ours.parameters(), theirs.parameters(), strict=True):
            torch.testing.assert_close(value, expected, rtol=0, atol=1e-10)
    moved = {name: float((state[name] - value).abs().max()) for name, value in before.items()}
    assert all(moved[name] > 1e-6 for name in moved if name.endswith('weight')), moved


def test_the_adversarial_term_reaches_the_segmentor() -> None:
    """With a weight of 0 the segmentor ends elsewhere; the discriminator learns either way."""
    ends = []
    for weight in (0.0, 1.0):
        method = dict(type='AdaptSegNet', weights=dict(decode_head=weight))
        model = build_model(uda_cfg(target_loss=None, methods=[method])).train()
        logged = model.train_step(uda_batch(0), optimizers(model))
        ends.append((model.decode_head.conv_seg.weight.detach().clone(), logged))
    (without, _), (with_it, logged) = ends
    assert float((without - with_it).abs().max()) > 1e-6
    names = {
        'source.loss_discriminator.decode_head', 'target.loss_discriminator.decode_head',
        'target.loss_adversarial.decode_head', 'loss', 'source.decode.loss_ce',
    }  # fmt: skip
    assert names <= set(logged)
    total = logged['source.decode.loss_ce'] + logged['target.loss_adversarial.decode_head']
    assert float(logged['loss']) == pytest.approx(float(total), abs=1e-6)


def test_no_second_forward_of_the_segmentor() -> None:
    """Backbone and heads run once for each domain."""
    method = dict(type='AdaptSegNet', weights=TWO)
    model = build_model(
        uda_cfg(target_loss=None, methods=[method], auxiliary_head=low_head_cfg())
    ).train()
    calls: list[str] = []
    for name in ('backbone', 'decode_head', 'auxiliary_head'):
        module = getattr(model, name)
        inner = module if name == 'backbone' else module.conv_seg
        inner.register_forward_hook(lambda *_, name=name: calls.append(name))
    model.train_step(uda_batch(0), optimizers(model))
    assert sorted(calls) == ['auxiliary_head'] * 2 + ['backbone'] * 2 + ['decode_head'] * 2


def test_composition() -> None:
    """A target loss, guidance and two methods in one step; each term is logged once."""
    model = build_model(
        uda_cfg(
            target_loss=dict(type='MaxSquareLoss', alpha=0.2, loss_weight=0.1),
            guidance=dict(threshold=0.5),
            auxiliary_head=low_head_cfg(),
            methods=[
                dict(type='AdventMinEnt', weights=TWO),
                dict(type='AdvEnt', weights=dict(decode_head=0.001)),
            ],
        )
    ).train()
    logged = model.train_step(uda_batch(0), optimizers(model))
    terms = [name for name in logged if name.startswith('target.') and 'loss' in name]
    assert sorted(terms) == [
        'target.loss_adversarial.decode_head',
        'target.loss_discriminator.decode_head',
        'target.loss_entropy.auxiliary_head',
        'target.loss_entropy.decode_head',
        'target.loss_guidance',
        'target.loss_max_square',
    ]


def test_norm_layers_alone() -> None:
    """``trained_params='norm'`` does not freeze the discriminator."""
    method = dict(type='AdaptSegNet', weights=dict(decode_head=0.3))
    model = build_model(uda_cfg(target_loss=None, methods=[method], trained_params='norm')).train()
    before = {name: value.clone() for name, value in model.named_parameters()}
    model.train_step(uda_batch(0), optimizers(model))
    moved = {n for n, p in model.named_parameters() if not torch.equal(p, before[n])}
    norms = {id(p) for layer in norm_layers(model) for p in layer.parameters()}
    trained = {n for n, p in model.named_parameters() if id(p) in norms or 'methods.' in n}
    assert moved <= trained
    assert 'methods.0.discriminators.decode_head.0.weight' in moved
    assert 'backbone.bn1.weight' in moved


def test_padded_pixels_reach_no_discriminator() -> None:
    """What the padding shows changes neither the segmentor's term nor the discriminator's."""
    method = dict(type='AdaptSegNet', weights=dict(decode_head=1.0))
    model = build_model(uda_cfg(target_loss=None, methods=[method])).train()
    ignore = torch.zeros(1, 64, 64, dtype=torch.bool)
    ignore[..., 32:] = True
    logits = torch.randn(1, 4, 64, 64)
    other = torch.where(ignore[:, None], torch.randn_like(logits) * 9, logits)
    ours = model.methods[0]
    seen = [_seen(maps, ignore) for maps in (logits, other)]
    first, second = (float(ours.target_terms(s)['loss_adversarial.decode_head']) for s in seen)
    assert first == second
    first, second = (
        float(ours.network_terms('target', s)['loss_discriminator.decode_head']) for s in seen
    )
    assert first == second
    assert first != float(
        ours.network_terms('target', _seen(logits, None))['loss_discriminator.decode_head']
    )


def _seen(logits: Tensor, ignore: Tensor | None) -> Predictions:
    return Predictions({'decode_head': logits}, [], ignore)
