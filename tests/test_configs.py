"""Every config builds, and says what the paper and the released code say."""

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS, PARAM_SCHEDULERS

from mmseg_maxsquare.datasets.cityscapes import CLASS_SETS
from mmseg_maxsquare.models.guidance import Guidance

from tests.helpers import REPO

CONFIGS = REPO / 'configs'
LEAVES = sorted(  # others: test_classification_configs.py, test_baseline_configs.py
    str(path.relative_to(CONFIGS))
    for folder in ('source_only', 'minent', 'maxsquare')
    for path in (CONFIGS / folder).rglob('*.py')
    if not path.name.startswith(('office31_', 'digits_'))
)
CITIES = ('rome', 'rio', 'tokyo', 'taipei')
# Source models of adapt that are mmseg's own networks.
OF_MMSEG = {'source_only/camvid_day_segformer.py', 'source_only/camvid_day_stdc.py'}
# What the tables have, and each by the letter too.
METHODS = {
    'gta2cs': ('minent', 'minent_iw', 'maxsquare', 'maxsquare_iw', 'maxsquare_multi',
               'maxsquare_iw_multi'),
    'synthia2cs': ('minent', 'maxsquare', 'maxsquare_iw', 'maxsquare_multi', 'maxsquare_iw_multi'),
    'camvid_day2dusk': ('minent', 'maxsquare', 'maxsquare_iw', 'maxsquare_iw_multi'),
    **{f'cs2nthu_{city}': ('maxsquare', 'maxsquare_iw') for city in CITIES},
}  # fmt: skip


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def path_of(task: str, method: str) -> str:
    """Config of a task by a method, such as maxsquare_iw_multi_literal."""
    folder, _, variant = method.partition('_')
    return f'{folder}/{task}{"_" * bool(variant)}{variant}.py'


def build(name: str):
    cfg = load(name)
    if 'pretrained' in cfg.model.backbone:
        cfg.model.backbone.pretrained = None
    if cfg.model.backbone.type == 'DeepLabV2ResNet':
        cfg.model.backbone.depth = 50  # the same widths, faster to build
    return cfg, MODELS.build(cfg.model)


@pytest.mark.parametrize('name', LEAVES)
def test_builds(name: str) -> None:
    cfg, model = build(name)
    adapts = (not name.startswith('source_only') and 'source_' not in name) or '_bn' in name
    assert type(model).__name__ == ('UDAEncoderDecoder' if adapts else 'EncoderDecoder')
    assert (cfg.train_dataloader.dataset.type == 'UDADataset') is adapts
    assert model.align_corners or name in OF_MMSEG
    assert 'default_scope' in cfg and cfg.custom_imports.imports == ['mmseg_maxsquare']


@pytest.mark.parametrize('name', LEAVES)
def test_leaf_is_short(name: str) -> None:
    assert len((CONFIGS / name).read_text().splitlines()) <= 30


@pytest.mark.parametrize('task', METHODS)
@pytest.mark.parametrize('literal', [False, True])
def test_target_loss_of_every_method(task: str, literal: bool) -> None:
    for method in METHODS[task]:
        cfg = load(path_of(task, method + '_literal' * literal))
        loss = MODELS.build(cfg.model.target_loss)
        entropy, weighted = 'minent' in method, '_iw' in method
        assert type(loss).__name__ == ('EntropyLoss' if entropy else 'MaxSquareLoss')
        assert loss.alpha == (0.2 if weighted else 0.0)
        assert loss.class_average is not literal
        assert loss.weight_by == ('argmax' if weighted and not literal else 'class')
        # The released weighting drops the 1/2 of Eq. 13, which entropy never had.
        doubled = weighted and not entropy and not literal
        assert loss.loss_weight == (0.2 if doubled else 0.1)
        assert ('guidance' in cfg.model) is ('multi' in method)
        if 'multi' in method:  # lambda_T * lambda_low = 0.1 * 0.1 in both readings
            guidance = Guidance(**cfg.model.guidance)
            assert (guidance.threshold, guidance.mask) == (0.95, 'ensemble_class')
            assert loss.loss_weight * guidance.loss_weight == pytest.approx(0.01)
            assert guidance.normalizer == ('all_pixels' if literal else 'guided_pixels')
            assert cfg.model.auxiliary_head.loss_decode.loss_weight == 0.1


def test_no_config_is_unaccounted_for() -> None:
    adapting = {
        path_of(task, method + suffix)
        for task, methods in METHODS.items()
        for method in methods
        for suffix in ('', '_literal')
    }
    others = {name for name in LEAVES if name.startswith('source_only/') or '/released/' in name}
    assert set(LEAVES) == adapting | others
    assert others > OF_MMSEG and len(others) == 22 + 4


@pytest.mark.parametrize(
    ('task', 'source', 'classes', 'sizes'),
    [
        ('gta2cs', 'gta', 19, [(1280, 720), (1024, 512)]),
        ('synthia2cs', 'synthia', 16, [(1280, 760), (1024, 512)]),
        *((f'cs2nthu_{city}', 'cityscapes13', 13, [(1024, 512), (1024, 512)]) for city in CITIES),
    ],
)
def test_tasks(task: str, source: str, classes: int, sizes: list) -> None:
    """Classes, image sizes, evaluation and the source model of every row of a task."""
    names = [path_of(task, m + s) for m in METHODS[task] for s in ('', '_literal')]
    plain = load(f'source_only/{source}.py')
    for cfg in (*map(load, names), plain):
        heads = [cfg.model.decode_head, cfg.model.get('auxiliary_head', cfg.model.decode_head)]
        assert [head.num_classes for head in heads] == [classes] * 2
        assert cfg.val_dataloader == cfg.test_dataloader
        assert cfg.val_evaluator == cfg.test_evaluator
        protocol = [s.name for s in cfg.val_dataloader.dataset.pipeline if 'name' in s]
        assert protocol == ['full_resolution']
    for cfg in map(load, names):
        assert cfg.load_from == f'work_dirs/source_only/{source}/iter_70000.pth'
        assert cfg.train_cfg.max_iters == 29760
        data = cfg.train_dataloader.dataset
        scales = [
            step.scale
            for domain in (data.source, data.target)
            for step in domain.pipeline
            if step.type == 'Resize'
        ]
        assert [tuple(scale) for scale in scales] == sizes
        if 'nthu' in task:
            city = task.rpartition('_')[2].capitalize()
            scored = cfg.val_dataloader.dataset
            assert (data.target.city, data.target.split) == (city, 'Train')
            assert (scored.city, scored.split) == (city, 'Test')
    assert plain.train_cfg.max_iters == 70000


def test_subsets_are_the_shared_classes() -> None:
    cfg = load('maxsquare/synthia2cs.py')
    assert {k: tuple(v) for k, v in cfg.val_evaluator.subsets.items()} == {
        'mIoU16': CLASS_SETS[16],
        'mIoU13': CLASS_SETS[13],
    }
    cfg = load('maxsquare/cs2nthu_tokyo.py')
    assert {k: tuple(v) for k, v in cfg.val_evaluator.subsets.items()} == {'mIoU13': CLASS_SETS[13]}


def test_released_recipe_differs_where_the_code_does() -> None:
    for name in ('source_gta', 'gta2cs', 'gta2cs_iw', 'gta2cs_iw_multi'):
        cfg, model = build(f'maxsquare/released/{name}.py')
        assert [conv.dilation[0] for conv in model.decode_head.classifiers] == [6, 12]
        rates = group_rates(cfg, model)
        assert rates['backbone.layer1.0.conv1.weight'] == pytest.approx(7.5e-4)
        assert rates['decode_head.classifiers.0.weight'] == pytest.approx(2.5e-3)
        if model.with_auxiliary_head:
            assert [conv.dilation[0] for conv in model.auxiliary_head.classifiers] == [6, 12]
            assert rates['auxiliary_head.classifiers.0.weight'] == pytest.approx(2.5e-3)
        scored = cfg.val_dataloader.dataset.pipeline
        assert [step.name for step in scored if 'name' in step] == ['network_input']
        tta = cfg.tta_pipeline[1].transforms
        assert [step.name for steps in tta for step in steps if 'name' in step] == ['network_input']
        size = (1280, 640) if 'multi' in name else (1024, 512)
        assert tuple(scored[1].scale) == tuple(tta[0][0].scale) == size
        if name == 'source_gta':
            assert cfg.train_cfg.max_iters == 80000
            assert cfg.param_scheduler[0].end == 200001
            continue
        assert cfg.train_cfg.max_iters == 29760
        assert tuple(cfg.train_dataloader.dataset.target.pipeline[1].scale) == size
        assert cfg.load_from == 'work_dirs/released/source_gta/iter_80000.pth'
    assert model.target_loss.loss_weight == pytest.approx(2 * 0.09)
    assert model.target_loss.loss_weight * model.guidance.loss_weight == pytest.approx(0.009)
    assert model.guidance.mask == 'any_class'


def group_rates(cfg: Config, model) -> dict[str, float]:
    """Learning rate of every trained parameter."""
    optim = build_optim_wrapper(model, cfg.optim_wrapper)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return {
        names[id(parameter)]: group['lr']
        for group in optim.param_groups
        for parameter in group['params']
        if parameter.requires_grad
    }


def test_learning_rates_and_schedule() -> None:
    cfg, model = build('source_only/gta.py')
    rates = group_rates(cfg, model)
    assert rates['backbone.conv1.weight'] == 2.5e-4
    assert rates['decode_head.classifiers.0.weight'] == 2.5e-3
    assert rates['auxiliary_head.classifiers.3.bias'] == 2.5e-3
    assert not any(name.startswith('backbone.bn1.') for name in rates)
    group = build_optim_wrapper(model, cfg.optim_wrapper).param_groups[0]
    assert (group['momentum'], group['weight_decay']) == (0.9, 5e-4)
    assert cfg.train_cfg.max_iters == 70000


@pytest.mark.parametrize('name', LEAVES)
def test_poly_reaches_zero_at_the_end(name: str) -> None:
    """(1 - i / N) ** 0.9 in every step i, by mmengine's own scheduler."""
    cfg, model = build(name)
    if name == 'maxsquare/released/source_gta.py':
        pytest.skip('its curve is cut off on purpose')
    if 'wrn38' in name:
        assert cfg.param_scheduler == []  # a constant rate
        return
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


def test_source_free() -> None:
    """Norm layers at a constant rate, Eq. 13 as printed, the anchor of the source model."""
    cfg, model = build('source_free/camvid_day2dusk.py')
    assert cfg.train_dataloader.dataset.source is None
    assert cfg.param_scheduler == [] and cfg.load_from == cfg.model.anchor.checkpoint
    assert (model.target_loss.alpha, model.target_loss.weight_by) == (0.2, 'class')
    assert (model.target_loss.loss_weight, model.target_loss.class_average) == (1.0, False)
    assert (model.anchor.loss.per, model.anchor.loss.loss_weight) == ('image', 0.3)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert type(wrapper.optimizer).__name__ == 'Adam'
    trained = [p for group in wrapper.param_groups for p in group['params'] if p.requires_grad]
    assert 0 < sum(p.numel() for p in trained) < 0.03 * sum(p.numel() for p in model.parameters())
    assert {group['lr'] for group in wrapper.param_groups if group['params'][0].requires_grad} == {
        1e-3
    }
