"""The adapted segmentor against a second implementation, and what mmseg does with it."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.distributed
import torch.nn.functional as F
from mmengine.config import Config, ConfigDict
from mmengine.model import BaseModule, MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmseg.apis import inference_model, init_model
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from tiny_models import (
    CLASSES,
    MAX_SQUARE,
    MEAN,
    STD,
    backbone_cfg,
    build_model,
    head_cfg,
    low_head_cfg,
    plain_batch,
    plain_cfg,
    uda_batch,
    uda_cfg,
)
from torch import Tensor, nn

from mmseg_maxsquare.models import UDADataPreprocessor, UDAEncoderDecoder
from mmseg_maxsquare.models.uda_encoder_decoder import padding_mask

GUIDANCE = dict(threshold=0.6, loss_weight=0.3)
MULTI = dict(auxiliary_head=low_head_cfg(), guidance=GUIDANCE)
LAMBDA_T = MAX_SQUARE['loss_weight']


def wrap(model: nn.Module, cls: type = OptimWrapper, **kwargs) -> OptimWrapper:
    """SGD with momentum and weight decay behind mmengine's wrapper."""
    return cls(optimizer=sgd(model), **kwargs)


def sgd(model: nn.Module) -> torch.optim.SGD:
    """The optimizer of both implementations."""
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)


def plain_twin(model: nn.Module, **kwargs) -> nn.Module:
    """The EncoderDecoder with the weights of an adapted model."""
    twin = MODELS.build(plain_cfg(**kwargs))
    twin.load_state_dict(model.state_dict(), strict=True)
    return twin.train(model.training)


def assert_same_state(model: nn.Module, other: nn.Module, atol: float = 1e-6) -> None:
    """Parameters and batch-norm statistics agree."""
    state, expected = model.state_dict(), other.state_dict()
    assert list(state) == list(expected)
    for name, value in state.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=atol, msg=name)


def change(model: nn.Module, before: dict[str, Tensor]) -> float:
    """Largest change of any parameter."""
    pairs = [(value, before[name]) for name, value in model.named_parameters()]
    return max(float((value - old).abs().max()) for value, old in pairs)


# The second implementation: the paper's step from the parts of a plain EncoderDecoder.


def images_by_hand(batch: dict, domain: str) -> Tensor:
    """Normalised RGB images ``(B, 3, H, W)``."""
    images = torch.stack(batch['inputs'][domain]).float().flip(1)
    return (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def logits_by_hand(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Full-size logits of the final and the low level."""
    features = model.backbone(images)
    heads = [model.decode_head] + ([model.auxiliary_head] if model.with_auxiliary_head else [])
    final, *low = (
        F.interpolate(head(features), images.shape[2:], mode='bilinear', align_corners=False)
        for head in heads
    )
    return final, *low, *[None] * (1 - len(low))


def source_by_hand(model: nn.Module, batch: dict) -> dict[str, Tensor]:
    """Cross entropies, Eq. 2: the sum over the labelled pixels by all pixels."""
    labels = torch.cat([s.gt_sem_seg.data for s in batch['data_samples']['source']])
    final, low = logits_by_hand(model, images_by_hand(batch, 'source'))
    terms = {}
    for name, logits, factor in (('decode', final, 1.0), ('aux', low, 0.1)):
        if logits is not None:
            chosen = logits.log_softmax(1).gather(1, labels.clamp(max=3)[:, None])[:, 0]
            loss = -(chosen * (labels != 255)).sum() / labels.numel()
            terms[f'source.{name}.loss_ce'] = factor * loss
    return terms


def target_by_hand(model: nn.Module, batch: dict, guided: bool) -> dict[str, Tensor]:
    """Eq. 6 and Eq. 14-16 with their weights."""
    final, low = logits_by_hand(model, images_by_hand(batch, 'target'))
    p = final.softmax(1)
    pixels = p[:, 0].numel()
    terms = {'target.loss_max_square': -LAMBDA_T * p.square().sum() / (2 * pixels)}
    if guided:
        q = low.softmax(1)
        label = (p + q).argmax(1, keepdim=True)
        best = torch.maximum(p.gather(1, label), q.gather(1, label))
        mask = (best > GUIDANCE['threshold']).float()
        entropy = -(q.log().gather(1, label) * mask).sum() / pixels
        terms['target.loss_guidance'] = LAMBDA_T * GUIDANCE['loss_weight'] * entropy
        terms['target.guided_share'] = mask.mean()
    return terms


def gradients_by_hand(model: nn.Module, batch: dict, guided: bool, divide: float = 1.0) -> dict:
    """Two forward and backward passes; the terms of both."""
    terms = {}
    for part in (source_by_hand(model, batch), target_by_hand(model, batch, guided)):
        loss = sum(value for name, value in part.items() if 'loss' in name)
        (loss / divide).backward()
        terms.update(part)
    return {name: float(value) for name, value in terms.items()}


@pytest.mark.parametrize(('extra', 'guided'), [({}, False), (MULTI, True)])
def test_step_equals_the_step_by_hand(extra: dict, guided: bool) -> None:
    """Three steps: parameters, momentum and batch-norm statistics to 1e-6, and the log."""
    model = build_model(uda_cfg(**extra))
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    twin = plain_twin(model, **{k: v for k, v in extra.items() if k == 'auxiliary_head'})
    wrapper, optimizer = wrap(model), sgd(twin)
    for step in range(3):
        log = model.train_step(uda_batch(step), wrapper)
        expected = gradients_by_hand(twin, uda_batch(step), guided)
        optimizer.step()
        optimizer.zero_grad()
        for name, value in expected.items():
            assert float(log[name]) == pytest.approx(value, abs=1e-5), name
        assert_same_state(model, twin)
    assert change(model, before) > 0.01
    assert model.backbone.bn1.num_batches_tracked == 6


def test_logged_names_and_sum() -> None:
    """The loss is the sum of what contains "loss"; statistics stay outside."""
    model = build_model(uda_cfg(**MULTI))
    log = {k: float(v) for k, v in model.train_step(uda_batch(), wrap(model)).items()}
    losses = {
        'source.decode.loss_ce',
        'source.aux.loss_ce',
        'target.loss_max_square',
        'target.loss_guidance',
    }
    statistics = {'source.decode.acc_seg', 'source.aux.acc_seg', 'target.guided_share'}
    assert set(log) == {'loss', *losses, *statistics}
    assert next(iter(log)) == 'loss'
    assert log['loss'] == pytest.approx(sum(log[name] for name in losses), abs=1e-6)
    assert 0 < log['target.guided_share'] < 1
    assert log['target.loss_guidance'] > 0.001


def test_log_holds_no_graph() -> None:
    """Nothing that is logged keeps the graph of the step alive."""
    model = build_model(uda_cfg(**MULTI))
    log = model.train_step(uda_batch(), wrap(model))
    assert not log['loss'].requires_grad
    assert {value.dtype for value in log.values()} == {torch.float32}


def test_one_graph_at_a_time() -> None:
    """Source forward, backward, then target forward, backward, then one update."""
    events = []

    class Recorder(OptimWrapper):
        def backward(self, loss: Tensor, **kwargs) -> None:
            events.append('backward')
            super().backward(loss, **kwargs)

        def step(self, **kwargs) -> None:
            events.append('step')
            super().step(**kwargs)

    model = build_model(uda_cfg())
    model.backbone.register_forward_hook(lambda *_: events.append('forward'))
    model.train_step(uda_batch(), wrap(model, Recorder))
    assert events == ['forward', 'backward', 'forward', 'backward', 'step']


@pytest.mark.parametrize('target_weight', [0.0, 0.25, 1.0, 2.0])
def test_target_weight_scales_all_target_terms(target_weight: float) -> None:
    """Values and gradients of the target; the share stays."""
    model = build_model(uda_cfg(**MULTI)).eval()
    data = model.data_preprocessor(uda_batch(), True)
    arguments = data['inputs']['target'], data['data_samples']['target']
    results = []
    for weight in (1.0, target_weight):
        model.target_weight = weight
        losses = model.loss_target(*arguments)
        model.zero_grad()
        (losses['loss_max_square'] + losses['loss_guidance']).backward()
        grads = [p.grad.clone() for p in model.parameters() if p.grad is not None]
        results.append(({k: float(v) for k, v in losses.items()}, grads))
    (full, full_grads), (scaled, grads) = results
    for name in ('loss_max_square', 'loss_guidance'):
        assert full[name] != 0
        assert scaled[name] == pytest.approx(target_weight * full[name], rel=1e-5, abs=1e-8)
    assert scaled['guided_share'] == full['guided_share']
    assert len(grads) == len(full_grads) > 10
    for grad, other in zip(grads, full_grads, strict=True):
        torch.testing.assert_close(grad, target_weight * other, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(('lambda_t', 'lambda_low'), [(0.1, 0.1), (0.5, 1.0), (0.0, 0.1), (2, 0)])
def test_guidance_weighs_lambda_t_times_lambda_low(lambda_t: float, lambda_low: float) -> None:
    """Eq. 14: the guidance is part of what lambda_T weighs."""
    values = []
    for weights in ((1.0, 1.0), (lambda_t, lambda_low)):
        cfg = uda_cfg(
            auxiliary_head=low_head_cfg(),
            target_loss=dict(type='MaxSquareLoss', loss_weight=weights[0]),
            guidance=dict(threshold=0.6, loss_weight=weights[1]),
        )
        model = build_model(cfg)
        log = model.train_step(uda_batch(), wrap(model))
        values.append(float(log['target.loss_guidance']))
    assert values[0] > 0.01
    assert values[1] == pytest.approx(lambda_t * lambda_low * values[0], rel=1e-5, abs=1e-8)


@pytest.mark.parametrize('normalizer', ['all_pixels', 'guided_pixels'])
def test_no_guided_pixel_gives_zero(normalizer: str) -> None:
    """Not NaN: loss, share and the low head's gradient from the target are 0."""
    guidance = dict(threshold=0.999999, loss_weight=1.0, normalizer=normalizer)
    model = build_model(uda_cfg(auxiliary_head=low_head_cfg(), guidance=guidance), spread=0.01)
    data = model.data_preprocessor(uda_batch(), True)
    losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
    assert float(losses['loss_guidance']) == float(losses['guided_share']) == 0
    losses['loss_guidance'].backward()
    grads = [p.grad for p in model.auxiliary_head.parameters() if p.grad is not None]
    assert grads and all((grad == 0).all() for grad in grads)


def test_guidance_by_its_names() -> None:
    """The released code's mask guides more pixels, its normalizer divides by fewer."""
    logs = {}
    for name, extra in (
        ('paper', {}),
        ('any_class', dict(mask='any_class')),
        ('guided_pixels', dict(normalizer='guided_pixels')),
    ):
        model = build_model(uda_cfg(**{**MULTI, 'guidance': {**GUIDANCE, **extra}}))
        logs[name] = model.train_step(uda_batch(target=((32, 32),)), wrap(model))
    share = {name: float(log['target.guided_share']) for name, log in logs.items()}
    assert share['any_class'] > share['paper'] == share['guided_pixels']
    loss = {name: float(log['target.loss_guidance']) for name, log in logs.items()}
    assert loss['guided_pixels'] == pytest.approx(loss['paper'] / share['paper'], rel=1e-5)


@pytest.mark.parametrize(('counts', 'steps', 'max_counts'), [(2, 4, -1), (3, 6, -1), (2, 3, 3)])
def test_gradient_accumulation_equals_the_one_by_hand(
    counts: int, steps: int, max_counts: int
) -> None:
    """One update after every ``counts`` steps; a remainder is averaged by itself."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    wrapper, optimizer = wrap(model, accumulative_counts=counts), sgd(twin)
    if max_counts > 0:
        wrapper.initialize_count_status(model, 0, max_counts)
    for step in range(steps):
        model.train_step(uda_batch(step), wrapper)
        remainder = steps % counts if step >= steps - steps % counts else 0
        gradients_by_hand(twin, uda_batch(step), True, divide=remainder or counts)
        before = {name: value.detach().clone() for name, value in twin.named_parameters()}
        if (step + 1) % counts == 0 or step + 1 == max_counts:
            optimizer.step()
            optimizer.zero_grad()
            assert change(model, before) > 0.001
        else:
            assert change(model, before) < 1e-6
        assert_same_state(model, twin)
        assert wrapper.inner_count == step + 1


@pytest.mark.parametrize('accumulative_counts', [1, 2, 4])
def test_inner_count_advances_by_one(accumulative_counts: int) -> None:
    """Two backward passes are one step for mmengine's bookkeeping."""
    model = build_model(uda_cfg())
    wrapper = wrap(model, accumulative_counts=accumulative_counts)
    counts = []
    for step in range(5):
        model.train_step(uda_batch(step), wrapper)
        counts.append(wrapper.inner_count)
    assert counts == [1, 2, 3, 4, 5]


def test_clipping_applies_to_the_sum() -> None:
    """Not to each domain's gradient: same update as clipping the sum by hand."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    wrapper, optimizer = wrap(model, clip_grad=dict(max_norm=0.5)), sgd(twin)
    for step in range(2):
        model.train_step(uda_batch(step), wrapper)
        gradients_by_hand(twin, uda_batch(step), True)
        assert torch.nn.utils.clip_grad_norm_(twin.parameters(), 0.5) > 0.75
        optimizer.step()
        optimizer.zero_grad()
        assert_same_state(model, twin)


class Bfloat16Wrapper(OptimWrapper):
    """Mixed precision as it works on a CPU."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast around the forward pass, as AmpOptimWrapper does."""
        with super().optim_context(model), torch.autocast('cpu', dtype=torch.bfloat16):
            yield


def test_mixed_precision() -> None:
    """bfloat16 logits, float32 losses near those in full precision, finite update."""
    logs = []
    for cls in (OptimWrapper, Bfloat16Wrapper):
        model = build_model(uda_cfg(**MULTI))
        model.snapshot = {}
        logs.append(model.train_step(uda_batch(), wrap(model, cls)))
    assert model.snapshot['logits'].dtype == torch.bfloat16
    full, mixed = logs
    assert list(full) == list(mixed)
    for name, value in mixed.items():
        assert value.dtype == torch.float32, name
        assert torch.isfinite(value).all(), name
        if 'acc' not in name:
            assert float(value) == pytest.approx(float(full[name]), rel=0.1, abs=0.02), name
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


def test_snapshot() -> None:
    """What a hook finds after a step: detached, of the target only, once asked for."""
    model = build_model(uda_cfg(**MULTI))
    batch = uda_batch()
    model.train_step(uda_batch(), wrap(model))
    assert model.snapshot is None
    model.snapshot = {}
    model.train_step(batch, wrap(model))
    assert set(model.snapshot) == {'inputs', 'logits', 'guidance', 'ignore'}
    torch.testing.assert_close(model.snapshot['inputs'], images_by_hand(uda_batch(), 'target'))
    assert model.snapshot['logits'].shape == (2, CLASSES, 32, 32)
    assert not model.snapshot['logits'].requires_grad
    assert model.snapshot['guidance'].shape == (2, 32, 32)
    assert model.snapshot['ignore'] is None


# Padding of the target.


class PixelBackbone(BaseModule):
    """Two levels that see one pixel at a time, so that padding cannot leak."""

    def __init__(self) -> None:
        super().__init__()
        self.low = nn.Conv2d(3, 8, 1)
        self.high = nn.Conv2d(8, 16, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features at the resolution of the image."""
        low = self.low(images).relu()
        return low, self.high(low).relu()


def pixel_model(**kwargs) -> nn.Module:
    """Segmentor of 1 x 1 convolutions with guidance."""
    cfg = uda_cfg(
        backbone=dict(type=PixelBackbone),
        decode_head=head_cfg(1, num_convs=0, channels=16),
        auxiliary_head=low_head_cfg(num_convs=0, channels=8),
        **{'guidance': {**GUIDANCE, 'threshold': 0.45}, **kwargs},
    )
    return build_model(cfg, spread=0.5)


@pytest.mark.parametrize('alpha', [0.0, 0.2])
@pytest.mark.parametrize('normalizer', ['all_pixels', 'guided_pixels'])
def test_padded_target_pixels_do_not_count(alpha: float, normalizer: str) -> None:
    """A batch of two sizes: mean of what the images give alone, value and gradient."""
    sizes = (8, 12), (20, 16)
    model = pixel_model(
        target_loss=dict(type='MaxSquareLoss', alpha=alpha),
        guidance=dict(threshold=0.45, loss_weight=0.3, normalizer=normalizer),
    )

    def run(batch: dict) -> tuple[dict[str, float], list[Tensor]]:
        data = model.data_preprocessor(batch, True)
        losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
        model.zero_grad()
        (losses['loss_max_square'] + losses['loss_guidance']).backward()
        grads = [p.grad.clone() for p in model.parameters()]
        return {name: float(value) for name, value in losses.items()}, grads

    both = uda_batch(target=sizes)
    alone = []
    for image, sample in zip(*(both[key]['target'] for key in both), strict=True):
        batch = uda_batch(target=sizes[:1])
        batch['inputs']['target'], batch['data_samples']['target'] = [image], [sample]
        alone.append(run(copy.deepcopy(batch)))
    (first, first_grads), (second, second_grads) = alone
    losses, grads = run(both)
    for name in ('loss_max_square', 'loss_guidance'):
        assert abs(first[name] - second[name]) > 1e-4
        assert losses[name] == pytest.approx((first[name] + second[name]) / 2, rel=1e-5)
    pixels = [height * width for height, width in sizes]
    share = np.average([first['guided_share'], second['guided_share']], weights=pixels)
    assert 0 < losses['guided_share'] == pytest.approx(share, rel=1e-5)
    for grad, one, two in zip(grads, first_grads, second_grads, strict=True):
        torch.testing.assert_close(grad, (one + two) / 2, rtol=1e-4, atol=1e-6)


def test_fixed_size_does_not_count_either() -> None:
    """Padding every image to ``size`` changes no target term."""
    logs = []
    for size in (None, (48, 64)):
        preprocessor = dict(type='SegDataPreProcessor', mean=MEAN, std=STD, size=size)
        model = pixel_model(data_preprocessor=preprocessor)
        logs.append(model.train_step(uda_batch(), wrap(model)))
    for name in ('target.loss_max_square', 'target.loss_guidance', 'target.guided_share'):
        assert float(logs[1][name]) == pytest.approx(float(logs[0][name]), rel=1e-5)


@pytest.mark.parametrize(
    ('paddings', 'expected'),
    [
        ([(0, 0, 0, 0), (0, 0, 0, 0)], None),
        ([None, None], None),
        ([(0, 2, 0, 1), (0, 0, 0, 0)], [((0, 3), (0, 4)), ((0, 4), (0, 6))]),
        ([(1, 2, 1, 0), None], [((1, 4), (1, 4)), ((0, 4), (0, 6))]),
    ],
)
def test_padding_mask(paddings: list, expected: list | None) -> None:
    """True outside the image, (left, right, top, bottom); None without padding."""
    samples = [
        SegDataSample(metainfo={} if padding is None else dict(padding_size=padding))
        for padding in paddings
    ]
    mask = padding_mask(torch.zeros(2, 3, 4, 6), samples)
    if expected is None:
        assert mask is None
        return
    assert mask.dtype == torch.bool
    for image, ((top, bottom), (left, right)) in zip(mask, expected, strict=True):
        want = torch.ones(4, 6, dtype=torch.bool)
        want[top:bottom, left:right] = False
        assert torch.equal(image, want)


def test_padding_mask_without_samples() -> None:
    """No samples, no padding."""
    assert padding_mask(torch.zeros(2, 3, 4, 6), None) is None


# Names and configs.


def test_state_dict_is_that_of_the_plain_model() -> None:
    """Same names and shapes; loads strictly either way."""
    model = build_model(uda_cfg(**MULTI), seed=1)
    plain = build_model(plain_cfg(auxiliary_head=low_head_cfg()), seed=2)
    state, other = model.state_dict(), plain.state_dict()
    assert {k: v.shape for k, v in state.items()} == {k: v.shape for k, v in other.items()}
    assert list(state) == list(other)
    plain.load_state_dict(state, strict=True)
    assert torch.equal(plain.decode_head.conv_seg.weight, model.decode_head.conv_seg.weight)
    build_model(uda_cfg(**MULTI), seed=3).load_state_dict(other, strict=True)


@pytest.mark.parametrize(
    'kind', ['SegDataPreProcessor', 'mmseg.SegDataPreProcessor', SegDataPreProcessor]
)
def test_stock_preprocessor_config_copes_with_two_domains(kind: object) -> None:
    """Its other entries stay."""
    cfg = dict(type=kind, mean=MEAN, std=STD, bgr_to_rgb=True, size=(32, 40), seg_pad_val=255)
    given = copy.deepcopy(cfg)
    model = build_model(uda_cfg(data_preprocessor=cfg))
    assert cfg == given
    assert type(model.data_preprocessor) is UDADataPreprocessor
    assert model.data_preprocessor.size == (32, 40)
    assert model.data_preprocessor.mean.flatten().tolist() == MEAN
    model.train_step(uda_batch(), wrap(model))


@pytest.mark.parametrize('size', [{}, dict(size=(32, 32)), dict(size_divisor=32)])
def test_neither_size_nor_divisor_is_needed(size: dict) -> None:
    """Each way of padding gives the same loss when nothing is to pad."""
    cfg = dict(type='SegDataPreProcessor', mean=MEAN, std=STD, bgr_to_rgb=True, **size)
    model = build_model(uda_cfg(data_preprocessor=cfg))
    reference = build_model(uda_cfg())
    log = model.train_step(uda_batch(), wrap(model))
    expected = reference.train_step(uda_batch(), wrap(reference))
    assert float(log['loss']) == pytest.approx(float(expected['loss']), abs=1e-6)


def test_model_without_preprocessor_config() -> None:
    """mmseg's default is none; two domains work all the same."""
    cfg = uda_cfg()
    del cfg['data_preprocessor']
    model = build_model(cfg)
    assert float(model.train_step(uda_batch(), wrap(model))['loss']) == pytest.approx(1, abs=9)


def test_configs_as_mmengine_reads_them() -> None:
    """ConfigDict all the way down, guidance included."""
    model = build_model(Config(dict(model=uda_cfg(**MULTI))).model)
    assert isinstance(model, UDAEncoderDecoder)
    assert model.guidance.threshold == 0.6
    assert model.guidance.head is None


def test_guidance_names_its_head() -> None:
    """With two auxiliary heads, only the named one is trained on the target."""
    heads = [low_head_cfg(), head_cfg(1)]
    for index in (0, 1):
        guidance = {**GUIDANCE, 'head': index}
        model = build_model(uda_cfg(auxiliary_head=heads, guidance=guidance)).eval()
        data = model.data_preprocessor(uda_batch(), True)
        losses = model.loss_target(data['inputs']['target'], data['data_samples']['target'])
        assert float(losses['loss_guidance'].detach()) > 0
        losses['loss_guidance'].backward()
        touched = [
            any(p.grad is not None and p.grad.any() for p in head.parameters())
            for head in model.auxiliary_head
        ]
        assert touched == [index == 0, index == 1]


def test_a_list_of_one_head_needs_no_name() -> None:
    """As mmseg writes a single auxiliary head at times."""
    model = build_model(uda_cfg(auxiliary_head=[low_head_cfg()], guidance=GUIDANCE))
    log = model.train_step(uda_batch(), wrap(model))
    assert {'source.aux_0.loss_ce', 'target.loss_guidance'} <= set(log)


# Refusals.

SIGMOID = head_cfg(
    num_classes=2,
    out_channels=1,
    threshold=0.3,
    loss_decode=dict(type='CrossEntropyLoss', use_sigmoid=True),
)
TWO_HEADS = [low_head_cfg(), head_cfg(1)]


@pytest.mark.parametrize(
    ('kwargs', 'error', 'message'),
    [
        (dict(decode_head=SIGMOID), ValueError, 'out_channels=1.*out_channels=2'),
        (dict(guidance=GUIDANCE), ValueError, 'auxiliary head .*guidance=None'),
        (
            dict(guidance=GUIDANCE, auxiliary_head=TWO_HEADS),
            ValueError,
            r'2 auxiliary heads.*head=0..1, got None',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': 2}, auxiliary_head=TWO_HEADS),
            ValueError,
            'head=0..1, got 2',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': -1}, auxiliary_head=TWO_HEADS),
            ValueError,
            'head=0..1, got -1',
        ),
        (
            dict(guidance={**GUIDANCE, 'head': 3}, auxiliary_head=low_head_cfg()),
            ValueError,
            'got 3',
        ),
        (
            dict(guidance={**GUIDANCE, 'treshold': 0.9}, auxiliary_head=low_head_cfg()),
            TypeError,
            'treshold',
        ),
        (
            dict(guidance=dict(threshold=1.0), auxiliary_head=low_head_cfg()),
            ValueError,
            r'threshold must lie in \(0, 1\).*got 1.0',
        ),
        (
            dict(guidance=dict(threshold=0), auxiliary_head=low_head_cfg()),
            ValueError,
            'threshold .*got 0',
        ),
        (
            dict(guidance=dict(loss_weight=-1), auxiliary_head=low_head_cfg()),
            ValueError,
            'loss_weight .*got -1',
        ),
        (
            dict(guidance=dict(mask='both'), auxiliary_head=low_head_cfg()),
            ValueError,
            "mask .*'ensemble_class', 'any_class'.*'both'",
        ),
        (
            dict(guidance=dict(normalizer='none'), auxiliary_head=low_head_cfg()),
            ValueError,
            "normalizer .*'all_pixels', 'guided_pixels'.*'none'",
        ),
        (
            dict(guidance=GUIDANCE, auxiliary_head=low_head_cfg(num_classes=5)),
            ValueError,
            '5 classes, decode_head 4',
        ),
        (
            dict(target_loss=dict(type='CrossEntropyLoss', loss_name='target')),
            ValueError,
            'must contain "loss".*\'target\'',
        ),
        (
            dict(data_preprocessor=dict(type='mmengine.ImgDataPreprocessor')),
            TypeError,
            'UDADataPreprocessor, got ImgDataPreprocessor',
        ),
    ],
)
def test_refused_at_build_time(kwargs: dict, error: type, message: str) -> None:
    """What cannot train is refused before the first image is read."""
    with pytest.raises(error, match=message):
        MODELS.build(uda_cfg(**kwargs))


def test_target_loss_is_required() -> None:
    """Without one it is no adaptation."""
    cfg = uda_cfg()
    del cfg['target_loss']
    with pytest.raises(TypeError, match='target_loss'):
        MODELS.build(cfg)


def test_auxiliary_head_of_other_classes_is_fine_without_guidance() -> None:
    """Only the guidance ties the two label spaces together."""
    cfg = uda_cfg(auxiliary_head=low_head_cfg(num_classes=5))
    assert isinstance(MODELS.build(cfg), UDAEncoderDecoder)


def test_plain_batch_is_refused_in_training() -> None:
    """The message has the data set to write."""
    model = build_model(uda_cfg())
    with pytest.raises(TypeError, match=r"train_dataloader.dataset=dict\(type='UDADataset'"):
        model.train_step(plain_batch(), wrap(model))


def test_head_that_returns_a_tuple_is_refused() -> None:
    """EncHead gives a second output in training; its name is in the message."""
    head = head_cfg(type='EncHead', num_codes=4, use_se_loss=True, add_lateral=False)
    del head['num_convs'], head['concat_input']
    head['in_channels'], head['in_index'] = [8, 16], [0, 1]
    model = build_model(uda_cfg(decode_head=head))
    with pytest.raises(TypeError, match='EncHead returns tuple'):
        model.train_step(uda_batch(), wrap(model))


# What mmseg and mmengine do with the model.


def resnet_cfg(**kwargs) -> dict:
    """Four stages of ResNet-18."""
    return backbone_cfg(
        **{'num_stages': 4, 'strides': (1, 2, 2, 2), 'dilations': (1,) * 4, **kwargs}
    )


def family_cfg(name: str) -> dict:
    """Fields of a model of a stock family, tiny."""
    if name == 'PSPNet':
        dilated = dict(strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4), out_indices=(2, 3))
        return dict(
            backbone=resnet_cfg(type='ResNetV1c', contract_dilation=True, **dilated),
            decode_head=multi_head_cfg('PSPHead', 64, 1, pool_scales=(1, 2, 3, 6)),
            auxiliary_head=head_cfg(0, in_channels=32),
            guidance=GUIDANCE,
        )
    if name == 'UPerNet':
        return dict(
            backbone=resnet_cfg(out_indices=(0, 1, 2, 3)),
            decode_head=multi_head_cfg(
                'UPerHead', [8, 16, 32, 64], [0, 1, 2, 3], pool_scales=(1, 2)
            ),
            auxiliary_head=head_cfg(2, in_channels=32),
            guidance=GUIDANCE,
        )
    if name == 'SegFormer':
        mit = dict(embed_dims=8, num_layers=[1] * 4, num_heads=[1] * 4, drop_path_rate=0.1)
        return dict(
            backbone=dict(type='MixVisionTransformer', **mit),
            decode_head=multi_head_cfg('SegformerHead', [8] * 4, [0, 1, 2, 3]),
        )
    if name == 'BiSeNetV2':
        widths = 4, 8, 8, 16
        channels = dict(detail_channels=(4, 4, 16), semantic_channels=widths, bga_channels=16)
        return dict(
            backbone=dict(type='BiSeNetV2', **channels),
            decode_head=head_cfg(0, in_channels=16),
            auxiliary_head=[
                head_cfg(index, in_channels=width)
                for index, width in zip(range(1, 5), widths, strict=True)
            ],
            guidance={**GUIDANCE, 'head': 2},
        )
    stages = dict(strides=(1,) * 3, enc_num_convs=(1,) * 3, enc_dilations=(1,) * 3)
    decoder = dict(dec_num_convs=(1,) * 2, dec_dilations=(1,) * 2, downsamples=(True,) * 2)
    return dict(
        backbone=dict(type='UNet', base_channels=4, num_stages=3, **stages, **decoder),
        decode_head=head_cfg(2, in_channels=4),
        auxiliary_head=head_cfg(1, in_channels=8),
        guidance=GUIDANCE,
    )


def multi_head_cfg(kind: str, in_channels: int | list, index: int | list, **kwargs) -> dict:
    """Another head than FCNHead."""
    cfg = head_cfg(**{'type': kind, 'in_channels': in_channels, **kwargs})
    del cfg['num_convs'], cfg['concat_input']
    return {**cfg, 'in_index': index}


@pytest.mark.parametrize('name', ['PSPNet', 'UPerNet', 'SegFormer', 'BiSeNetV2', 'UNet'])
def test_stock_families(name: str) -> None:
    """Type and target loss make a UDA model of it: a step, then prediction as the plain one."""
    family = family_cfg(name)
    model = build_model(uda_cfg(**family))
    before = {key: value.detach().clone() for key, value in model.named_parameters()}
    log = model.train_step(uda_batch(0, *[((64, 64),) * 2] * 2), wrap(model))
    assert all(torch.isfinite(value).all() for value in log.values())
    assert float(log['target.loss_max_square']) < 0
    assert ('target.loss_guidance' in log) == ('guidance' in family)
    moved = [not torch.equal(value, before[key]) for key, value in model.named_parameters()]
    assert np.mean(moved) > 0.9
    family.pop('guidance', None)
    model.eval()
    twin = plain_twin(model, **family)
    batch = plain_batch(((64, 96),), 9)
    batch['data_samples'][0].set_metainfo(dict(ori_shape=(50, 75)))
    predicted, expected = (m.val_step(copy.deepcopy(batch))[0] for m in (model, twin))
    assert predicted.pred_sem_seg.shape == (50, 75)
    assert torch.equal(predicted.seg_logits.data, expected.seg_logits.data)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Weights of an adapted model, as a training run saves them."""
    model = build_model(uda_cfg(**MULTI))
    meta = dict(dataset_meta=dict(classes=list('abcd'), palette=[[i] * 3 for i in range(4)]))
    path = tmp_path / 'iter_1.pth'
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return path


def test_init_model_and_inference(checkpoint: Path) -> None:
    """mmseg's API gives the same map for the adapted and the plain config."""
    image = plain_batch(((40, 56),))['inputs'][0].permute(1, 2, 0).numpy()
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    results = []
    for cfg in (uda_cfg(**MULTI), plain_cfg(auxiliary_head=low_head_cfg())):
        config = Config(dict(model=cfg, test_pipeline=pipeline, default_scope='mmseg'))
        model = init_model(config, str(checkpoint), device='cpu')
        assert model.dataset_meta['classes'] == list('abcd')
        results.append(inference_model(model, image))
    assert results[0].pred_sem_seg.shape == (40, 56)
    assert torch.equal(results[0].seg_logits.data, results[1].seg_logits.data)
    assert len(results[0].pred_sem_seg.data.unique()) > 1


def test_test_time_augmentation() -> None:
    """SegTTAModel averages the probabilities of an image and its mirror image."""
    model = build_model(uda_cfg(**MULTI)).eval()
    tta = MODELS.build(dict(type='SegTTAModel', module=model))
    image = plain_batch()['inputs'][0]
    samples = []
    for flip in (False, True):
        meta = dict(ori_shape=(32, 32), img_shape=(32, 32), img_path='x.png')
        mirrored = dict(flip=flip, flip_direction='horizontal' if flip else None)
        samples.append(SegDataSample(metainfo={**meta, **mirrored}))
    views = [image, image.flip(2)]
    with torch.no_grad():
        result = tta.test_step(
            dict(inputs=[[view] for view in views], data_samples=[[s] for s in samples])
        )
        outputs = [
            F.interpolate(
                model(model.data_preprocessor(dict(inputs=[view]))['inputs'], mode='tensor'),
                (32, 32),
                mode='bilinear',
            ).softmax(1)
            for view in views
        ]
    expected = (outputs[0] + outputs[1].flip(3)).argmax(1)[0]
    assert torch.equal(result[0].pred_sem_seg.data.squeeze(), expected)
    assert len(expected.unique()) > 1


def test_test_mode_slide() -> None:
    """Sliding windows, as many mmseg configs predict."""
    cfg = uda_cfg(test_cfg=ConfigDict(mode='slide', crop_size=(32, 32), stride=(16, 16)))
    model = build_model(cfg).eval()
    result = model.test_step(plain_batch(((32, 48),)))
    assert result[0].pred_sem_seg.shape == (32, 48)


def joint_gradients(model: nn.Module, forward: Callable) -> dict[str, Tensor]:
    """Gradients of one forward pass over both domains."""
    data = model.data_preprocessor(uda_batch(), True)
    loss, _ = model.parse_losses(forward(**data, mode='loss'))
    model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


def test_both_domains_in_one_forward() -> None:
    """What DistributedDataParallel calls gives the gradients of the two passes (BN in eval)."""
    model = build_model(uda_cfg(**MULTI)).eval()
    joint = joint_gradients(model, model)
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    gradients_by_hand(twin, uda_batch(), True)
    for name, parameter in twin.named_parameters():
        torch.testing.assert_close(joint[name], parameter.grad, rtol=1e-4, atol=1e-6, msg=name)


@pytest.fixture
def process_group(tmp_path: Path) -> Iterator[None]:
    """A process group of this process alone."""
    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    yield
    torch.distributed.destroy_process_group()


def test_distributed_step(process_group: None) -> None:
    """mmengine's own DDP wrapper, unchanged, takes the step of the model alone (BN in eval)."""
    model = build_model(uda_cfg(**MULTI)).eval()
    twin = copy.deepcopy(model)
    distributed = MMDistributedDataParallel(model)
    distributed.eval()
    log = distributed.train_step(uda_batch(), wrap(distributed))
    expected = twin.train_step(uda_batch(), wrap(twin))
    assert set(log) == set(expected)
    assert float(log['loss']) == pytest.approx(float(expected['loss']), abs=1e-6)
    assert_same_state(model, twin)


def test_supervised_loss_is_the_plain_one() -> None:
    """A plain batch in loss mode is mmseg's supervised loss, names included."""
    model = build_model(uda_cfg(**MULTI))
    twin = plain_twin(model, auxiliary_head=low_head_cfg())
    data = model.data_preprocessor(plain_batch(), True)
    losses, expected = (m(**data, mode='loss') for m in (model, twin))
    assert {k: float(v) for k, v in losses.items()} == {k: float(v) for k, v in expected.items()}
