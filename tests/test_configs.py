"""Every config builds, and says what the paper and the released code say."""

from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS, PARAM_SCHEDULERS

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'
LEAVES = sorted(
    str(path.relative_to(CONFIGS))
    for folder in ('source_only', 'minent', 'maxsquare')
    for path in (CONFIGS / folder).glob('*.py')
)


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def build(name: str):
    cfg = load(name)
    cfg.model.backbone.pretrained = None
    if cfg.model.backbone.type == 'DeepLabV2ResNet':
        cfg.model.backbone.depth = 50  # the same widths, faster to build
    return cfg, MODELS.build(cfg.model)


@pytest.mark.parametrize('name', LEAVES)
def test_builds(name: str) -> None:
    cfg, model = build(name)
    adapts = not name.startswith('source_only') and 'source_' not in name or '_bn' in name
    assert type(model).__name__ == ('UDAEncoderDecoder' if adapts else 'EncoderDecoder')
    assert (cfg.train_dataloader.dataset.type == 'UDADataset') is adapts
    assert model.align_corners
    assert 'default_scope' in cfg and cfg.custom_imports.imports == ['mmseg_maxsquare']


@pytest.mark.parametrize('name', LEAVES)
def test_leaf_is_short(name: str) -> None:
    assert len((CONFIGS / name).read_text().splitlines()) <= 30


@pytest.mark.parametrize(
    ('name', 'kind', 'alpha', 'weight_by', 'class_average', 'loss_weight'),
    [
        ('minent/gta2cs.py', 'EntropyLoss', 0.0, 'class', True, 0.1),
        ('minent/gta2cs_literal.py', 'EntropyLoss', 0.0, 'class', False, 0.1),
        ('maxsquare/gta2cs.py', 'MaxSquareLoss', 0.0, 'class', True, 0.1),
        ('maxsquare/gta2cs_literal.py', 'MaxSquareLoss', 0.0, 'class', False, 0.1),
        ('maxsquare/gta2cs_iw.py', 'MaxSquareLoss', 0.2, 'argmax', True, 0.2),
        ('maxsquare/gta2cs_iw_literal.py', 'MaxSquareLoss', 0.2, 'class', False, 0.1),
        ('maxsquare/gta2cs_iw_multi.py', 'MaxSquareLoss', 0.2, 'argmax', True, 0.2),
        ('maxsquare/gta2cs_iw_multi_literal.py', 'MaxSquareLoss', 0.2, 'class', False, 0.1),
    ],
)
@pytest.mark.parametrize('task', ['gta2cs', 'camvid_day2dusk'])
def test_target_loss(name, kind, alpha, weight_by, class_average, loss_weight, task) -> None:
    _, model = build(name.replace('gta2cs', task))
    loss = model.target_loss
    assert type(loss).__name__ == kind
    assert (loss.alpha, loss.weight_by) == (alpha, weight_by)
    assert (loss.class_average, loss.loss_weight) == (class_average, loss_weight)


@pytest.mark.parametrize('suffix', ['iw_multi', 'iw_multi_literal'])
@pytest.mark.parametrize('task', ['gta2cs', 'camvid_day2dusk'])
def test_guidance_weighs_a_hundredth(task: str, suffix: str) -> None:
    """lambda_T * lambda_low = 0.1 * 0.1 in both readings."""
    _, model = build(f'maxsquare/{task}_{suffix}.py')
    assert model.guidance.threshold == 0.95
    assert model.target_loss.loss_weight * model.guidance.loss_weight == pytest.approx(0.01)
    literal = suffix.endswith('literal')
    assert model.guidance.normalizer == ('all_pixels' if literal else 'guided_pixels')
    assert model.auxiliary_head.loss_decode.loss_weight == 0.1


def test_learning_rates_and_schedule() -> None:
    cfg, model = build('source_only/gta.py')
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    rates = {
        names[id(parameter)]: group['lr']
        for group in optim.param_groups
        for parameter in group['params']
        if parameter.requires_grad
    }
    assert rates['backbone.conv1.weight'] == 2.5e-4
    assert rates['decode_head.classifiers.0.weight'] == 2.5e-3
    assert rates['auxiliary_head.classifiers.3.bias'] == 2.5e-3
    assert not any(name.startswith('backbone.bn1.') for name in rates)
    group = optim.param_groups[0]
    assert (group['momentum'], group['weight_decay']) == (0.9, 5e-4)
    assert cfg.train_cfg.max_iters == 70000


@pytest.mark.parametrize('name', LEAVES)
def test_poly_reaches_zero_at_the_end(name: str) -> None:
    """(1 - i / N) ** 0.9 in every step i, by mmengine's own scheduler."""
    cfg, model = build(name)
    assert cfg.param_scheduler[0].end == cfg.train_cfg.max_iters + 1
    steps = cfg.train_cfg.max_iters = 10
    cfg.param_scheduler[0].end = steps + 1
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    scheduler = PARAM_SCHEDULERS.build(cfg.param_scheduler[0], default_args=dict(optimizer=optim))
    base = optim.param_groups[0]['lr']
    for i in range(steps):
        assert optim.param_groups[0]['lr'] == pytest.approx(base * (1 - i / steps) ** 0.9)
        optim.optimizer.step()
        scheduler.step()


def test_dilations_and_strides_of_the_paper() -> None:
    _, model = build('maxsquare/gta2cs_iw_multi.py')
    for head, channels in ((model.decode_head, 2048), (model.auxiliary_head, 1024)):
        assert [conv.dilation[0] for conv in head.classifiers] == [6, 12, 18, 24]
        assert head.in_channels == channels
    assert model.backbone.maxpool.ceil_mode
