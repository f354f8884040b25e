"""The hook: schedule, statistics, and a run with everything that it writes."""

import json
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.datasets import CityscapesDataset
from mmseg.registry import HOOKS
from torch import nn

from mmseg_maxsquare.engine import UDAHook
from mmseg_maxsquare.engine.panel import TITLE_HEIGHT
from mmseg_maxsquare.engine.uda_hook import target_statistics

from tests.helpers.tiny_data import make_cityscapes, make_gta5, source_cfg, target_cfg
from tests.helpers.tiny_models import head_cfg, low_head_cfg, plain_cfg, uda_cfg

CLASSES = CityscapesDataset.METAINFO['classes']
HEIGHT, WIDTH = 24, 32


@pytest.mark.parametrize('step', [0, 1, 1000])
def test_weight_is_constant_by_default(step: int) -> None:
    """lambda_T from the first step on."""
    assert UDAHook().weight_at(step) == 1.0


@pytest.mark.parametrize(
    ('warmup_iters', 'expected'),
    [(4, [0.25, 0.5, 0.75, 1, 1, 1]), (1, [1, 1]), (3, [1 / 3, 2 / 3, 1, 1])],
)
def test_warm_up(warmup_iters: int, expected: list[float]) -> None:
    """Linear, never 0, full in the last step of the warm-up and ever after."""
    hook = HOOKS.build(dict(type='UDAHook', warmup_iters=warmup_iters))
    assert [hook.weight_at(step) for step in range(len(expected))] == pytest.approx(expected)
    assert hook.weight_at(100_000) == 1.0


@pytest.mark.parametrize(
    'kwargs', [dict(warmup_iters=-1), dict(interval=0), dict(interval=-5), dict(panel_interval=-1)]
)
def test_bad_arguments(kwargs: dict) -> None:
    """Negative lengths and an interval of 0 are refused with the values."""
    with pytest.raises(ValueError, match=str(*kwargs.values())):
        UDAHook(**kwargs)


def logits_of(*probabilities: tuple[float, ...]) -> torch.Tensor:
    """Logits ``(1, C, 1, N)`` of pixels with the given probabilities, shifted."""
    return torch.tensor(probabilities).log().T[None, :, None] + 3.0


@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_statistics_by_hand(dtype: torch.dtype) -> None:
    """Four pixels of three classes."""
    pixels = (0.5, 0.25, 0.25), (0.25, 0.25, 0.5), (0.125, 0.75, 0.125), (1 / 3, 1 / 3, 1 / 3)
    values, shares = target_statistics(logits_of(*pixels).to(dtype))
    tolerance = 1e-5 if dtype == torch.float32 else 0.02
    entropy = [-sum(p * math.log(p) for p in pixel) for pixel in pixels]
    assert values['confidence'] == pytest.approx((0.5 + 0.5 + 0.75 + 1 / 3) / 4, abs=tolerance)
    assert values['entropy'] == pytest.approx(sum(entropy) / 4, abs=tolerance)
    assert set(values) == {'confidence', 'entropy', 'top_share'}
    assert sum(shares) == pytest.approx(1)
    assert values['top_share'] == max(shares) == 0.5
    assert shares[1] >= 0.25 and shares[2] >= 0.25  # the uniform pixel may go to any


def test_statistics_leave_ignored_pixels_out() -> None:
    """Padding has no part in means and shares."""
    logits = logits_of((0.5, 0.25, 0.25), (0.25, 0.25, 0.5), (0.125, 0.75, 0.125))
    ignore = torch.tensor([[[False, False, True]]])
    values, shares = target_statistics(logits, ignore)
    assert shares == [0.5, 0, 0.5]
    assert values['top_share'] == 0.5
    assert values['confidence'] == pytest.approx(0.5, abs=1e-6)
    assert values['entropy'] == pytest.approx(1.5 * math.log(2), abs=1e-6)


def test_statistics_of_extreme_logits() -> None:
    """One-hot predictions: confidence 1, entropy 0, no NaN."""
    logits = torch.zeros(2, 3, 4, 4)
    logits[:, 1] = 1e4
    values, shares = target_statistics(logits)
    assert values == {'confidence': 1.0, 'entropy': 0.0, 'top_share': 1.0}
    assert shares == [0.0, 1.0, 0.0]


class Bias(Hook):
    """Makes every pixel a bus from a step on."""

    def __init__(self, step: int) -> None:
        self.step = step

    def before_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        """One bias above all else."""
        if runner.iter == self.step:
            runner.model.decode_head.conv_seg.bias.data[15] = 1e3


class Recorder(Hook):
    """Notes the weight of the target in every step."""

    def __init__(self) -> None:
        self.weights: list[float] = []

    def after_train_iter(self, runner: Runner, *args, **kwargs) -> None:
        """One entry a step."""
        self.weights.append(runner.model.target_weight)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Tiny GTA5 and Cityscapes."""
    make_gta5(tmp_path / 'gta5', count=3)
    make_cityscapes(tmp_path / 'cityscapes', train=2)
    return tmp_path


def run(
    data: Path, name: str, hook: dict, model: dict | None = None, steps: int = 4, **kwargs
) -> tuple[Runner, Recorder]:
    """Runner of a short adaptation, not yet started."""
    heads = dict(decode_head=head_cfg(num_classes=19), auxiliary_head=low_head_cfg(num_classes=19))
    model = model or uda_cfg(**heads, guidance=dict(threshold=0.06, loss_weight=0.1))
    recorder = Recorder()
    cfg = dict(
        model=model,
        work_dir=str(data / name),
        experiment_name=f'{data.name}_{name}',
        default_scope='mmseg',
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            sampler=dict(type='UDASampler'),
            dataset=dict(
                type='UDADataset',
                source=source_cfg(data / 'gta5', dict(type='RandomFlip', prob=0.5)),
                target=target_cfg(data / 'cityscapes', dict(type='RandomGaussianBlur')),
            ),
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=1000),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9)),
        param_scheduler=[dict(type='PolyLR', power=0.9, end=5, by_epoch=False)],
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=2, by_epoch=False),
            logger=dict(type='LoggerHook', interval=1),
        ),
        custom_hooks=[dict(type='UDAHook', **hook), recorder],
        visualizer=dict(
            type='SegLocalVisualizer',
            vis_backends=[dict(type='LocalVisBackend')],
            name=f'{data.name}_{name}',
        ),
        log_processor=dict(by_epoch=False),
        randomness=dict(seed=0),
    )
    return Runner(**{**cfg, **kwargs}), recorder


def scalars_of(runner: Runner) -> list[dict]:
    """What the local backend wrote."""
    (path,) = Path(runner.work_dir).glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def log_of(runner: Runner) -> str:
    """The text log."""
    (path,) = Path(runner.work_dir).glob('*/*.log')
    return path.read_text()


def test_run_writes_scalars_and_panels(data: Path) -> None:
    """A training run on files: statistics every two steps, panels, no false alarm."""
    runner, recorder = run(data, 'run', dict(interval=2, panel_interval=4), steps=5)
    runner.train()
    lines = scalars_of(runner)
    shares = [line for line in lines if 'target_share/road' in line]
    assert [line['step'] for line in shares] == [2, 4]
    for line in shares:
        values = [line[f'target_share/{name}'] for name in CLASSES]
        assert sum(values) == pytest.approx(1, abs=1e-5)
        (logged,) = [other for other in lines if other['step'] == line['step'] and 'lr' in other]
        assert logged['target.top_share'] == pytest.approx(max(values), abs=1e-5)
        assert 1 / 19 <= logged['target.confidence'] <= 1
        assert 0 <= logged['target.entropy'] <= math.log(19) + 1e-5
    steps = {line['step']: line for line in lines if 'lr' in line}
    assert set(steps) == {1, 2, 3, 4, 5}
    assert 'target.confidence' not in steps[1]
    for line in steps.values():
        assert {'source.decode.loss_ce', 'target.loss_max_square', 'target.guided_share'} <= set(
            line
        )
        terms = [value for name, value in line.items() if '.' in name and 'loss' in name]
        assert len(terms) == 4
        assert line['loss'] == pytest.approx(sum(terms), abs=1e-5)
    assert 'collapsed' not in log_of(runner)
    assert recorder.weights == [1.0] * 5
    assert runner.model.snapshot is None


def test_panel_is_written_for_its_steps(data: Path) -> None:
    """Four tiles with guidance; panel steps need not be those of the statistics."""
    runner, _ = run(data, 'panels', dict(interval=4, panel_interval=3), steps=3)
    runner.train()
    (path,) = Path(runner.work_dir).glob('*/vis_data/vis_image/*.png')
    assert path.name == 'target_panel_3.png'
    panel = cv2.imread(str(path))[..., ::-1]
    assert panel.shape == (TITLE_HEIGHT + HEIGHT, 4 * WIDTH, 3)
    colours = {tuple(colour) for colour in CityscapesDataset.METAINFO['palette']} | {(0, 0, 0)}
    for tile in (1, 2):
        shown = panel[TITLE_HEIGHT:, tile * WIDTH : (tile + 1) * WIDTH].reshape(-1, 3)
        assert {tuple(colour) for colour in shown.tolist()} <= colours


def test_panel_shows_the_target_image(data: Path) -> None:
    """Without augmentation the first tile is the file itself, in RGB."""
    loader = dict(
        batch_size=1,
        num_workers=0,
        sampler=dict(type='UDASampler'),
        dataset=dict(
            type='UDADataset',
            source=source_cfg(data / 'gta5'),
            target=target_cfg(data / 'cityscapes'),
        ),
    )
    model = uda_cfg(decode_head=head_cfg(num_classes=19))
    hook = dict(interval=1, panel_interval=1)
    runner, _ = run(data, 'plain', hook, model, steps=1, train_dataloader=loader)
    runner.train()
    (path,) = Path(runner.work_dir).glob('*/vis_data/vis_image/*.png')
    panel = cv2.imread(str(path)).astype(int)
    assert panel.shape == (TITLE_HEIGHT + HEIGHT, 3 * WIDTH, 3)
    images = [
        cv2.imread(str(image)).astype(int) for image in (data / 'cityscapes').rglob('aachen*.png')
    ]
    differences = [np.abs(panel[TITLE_HEIGHT:, :WIDTH] - image).max() for image in images]
    assert len(differences) == 2
    assert min(differences) <= 1 < max(differences)


def test_collapse_is_warned_of(data: Path) -> None:
    """A bias that makes every pixel a bus: the warning names step, shares and class.

    The first steps are looked at whatever the interval; the first one sees the source model.
    """
    runner, _ = run(data, 'collapse', dict(interval=50, panel_interval=0), steps=15)
    runner.register_hook(Bias(1))
    runner.train()
    warnings = [line for line in log_of(runner).splitlines() if 'collapsed' in line]
    assert 'at step 9 100.0% of the target pixels are predicted as bus' in warnings[0]
    assert 'WARNING' in warnings[0]
    assert not list(Path(runner.work_dir).glob('*/vis_data/vis_image/*'))


def test_a_task_of_one_class_is_no_collapse(data: Path) -> None:
    """Every pixel is a bus from the first step on."""
    runner, _ = run(data, 'one_class', dict(interval=50, panel_interval=0), steps=15)
    runner.register_hook(Bias(0))
    runner.train()
    assert 'collapsed' not in log_of(runner)


def test_resume_goes_on_where_it_was(data: Path) -> None:
    """The rest of the warm-up, the same weights in the end as without a stop."""
    hook = dict(warmup_iters=4, interval=2, panel_interval=0)
    whole, recorder = run(data, 'whole', hook)
    whole.train()
    assert recorder.weights == [0.25, 0.5, 0.75, 1.0]
    load_from = str(data / 'whole/iter_2.pth')
    rest, recorder = run(data, 'rest', hook, load_from=load_from, resume=True)
    rest.train()
    assert recorder.weights == [0.75, 1.0]
    state, expected = rest.model.state_dict(), whole.model.state_dict()
    for name, value in expected.items():
        assert torch.equal(state[name], value), name
    before, after = (
        {line['step']: line for line in scalars_of(runner) if 'lr' in line}
        for runner in (whole, rest)
    )
    assert set(after) == {3, 4}
    for name in ('lr', 'loss', 'source.decode.loss_ce', 'target.loss_max_square'):
        assert after[3][name] == before[3][name]
    assert after[4]['target.confidence'] == before[4]['target.confidence']


def test_warm_up_scales_the_logged_loss(data: Path) -> None:
    """The first of 1,000 warm-up steps has a thousandth of lambda_T."""
    values = []
    for name, warmup_iters in (('full', 0), ('warm', 1000)):
        hook = dict(warmup_iters=warmup_iters, interval=50, panel_interval=0)
        runner, _ = run(data, name, hook, steps=1)
        runner.train()
        (line,) = [line for line in scalars_of(runner) if 'lr' in line]
        values.append(line['target.loss_max_square'])
    assert values[1] == pytest.approx(values[0] / 1000, rel=1e-4)


def test_plain_model_is_refused(data: Path) -> None:
    """A source-only config that still lists the hook stops with what to change."""
    model = plain_cfg(decode_head=head_cfg(num_classes=19))
    runner, _ = run(data, 'refused', dict(), model)
    with pytest.raises(TypeError, match="got EncoderDecoder: set model.type='UDAEncoderDecoder'"):
        runner.train()


class Wrapper(nn.Module):
    """What DistributedDataParallel looks like to a hook."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module


def test_wrapped_model_is_unwrapped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Weight and snapshot are set on the segmentor itself."""
    from mmseg_maxsquare.engine import uda_hook

    monkeypatch.setattr(uda_hook, 'is_model_wrapper', lambda model: isinstance(model, Wrapper))
    model = nn.Module()
    model.target_weight, model.snapshot = 1.0, None
    runner = type('FakeRunner', (), dict(model=Wrapper(model), iter=21))()
    hook = UDAHook(warmup_iters=44, interval=2, panel_interval=0)
    hook.before_train(runner)
    hook.before_train_iter(runner, 21)
    assert (model.target_weight, model.snapshot) == (0.5, {})
    runner.iter = 22
    hook.before_train_iter(runner, 22)
    assert (model.target_weight, model.snapshot) == (23 / 44, None)
