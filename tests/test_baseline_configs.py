"""Configs of the systems that the paper compares with say what their authors' code says."""

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapperDict, build_optim_wrapper
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.methods import PatchDiscriminator

from tests.helpers import REPO

CONFIGS = REPO / 'configs'
CITIES = ('rome', 'rio', 'tokyo', 'taipei')
VARIANTS = ('minent', 'minent_er', 'advent')
NAMES = {
    'adaptsegnet': [
        *('gta2cs', 'gta2cs_single', 'gta2cs_ls', 'synthia2cs', 'camvid_day2dusk'),
        *(f'gta2cs{variant}_four_rates' for variant in ('', '_single', '_ls')),
        *(f'cs2nthu_{city}' for city in CITIES),
        'gta2cs_from_source',
    ],
    'advent': [
        *(f'{t}_{v}' for t in ('gta2cs', 'synthia2cs', 'camvid_day2dusk') for v in VARIANTS),
        *(f'gta2cs_{variant}_from_source' for variant in ('minent', 'advent')),
    ],
}  # fmt: skip
LEAVES = [f'{folder}/{name}.py' for folder, names in NAMES.items() for name in names]


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def build(name: str):
    cfg = load(name)
    cfg.model.backbone.pretrained = None
    if cfg.model.backbone.type == 'DeepLabV2ResNet':
        cfg.model.backbone.depth = 50  # the same widths, faster to build
    return cfg, MODELS.build(cfg.model)


def test_no_config_is_unaccounted_for() -> None:
    found = {str(p.relative_to(CONFIGS)) for folder in NAMES for p in CONFIGS.glob(f'{folder}/*')}
    assert found == set(LEAVES)


@pytest.mark.parametrize('name', LEAVES)
def test_builds(name: str) -> None:
    """Model, optimizers and start; a leaf is short."""
    cfg, model = build(name)
    assert len((CONFIGS / name).read_text().splitlines()) <= 35
    assert type(model).__name__ == 'UDAEncoderDecoder' and model.target_loss is None
    method = cfg.model.methods[0].type
    assert method == type(model.methods[0]).__name__
    discriminators = [m for m in model.modules() if isinstance(m, PatchDiscriminator)]
    assert len(discriminators) == (0 if method == 'AdventMinEnt' else len(model.methods[0].levels))
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    assert isinstance(wrapper, OptimWrapperDict) is bool(discriminators)
    if discriminators:
        group = wrapper['methods'].param_groups[0]
        assert type(wrapper['methods'].optimizer).__name__ == 'Adam'
        assert (group['lr'], group['betas'], group['weight_decay']) == (1e-4, (0.9, 0.99), 0)
    from_source = 'camvid' in name or 'from_source' in name
    assert (cfg.load_from is not None) is from_source


@pytest.mark.parametrize('name', [name for name in LEAVES if 'camvid' not in name])
def test_released_recipe(name: str) -> None:
    """Rates, weights, schedule, data as in BASELINES.md."""
    cfg, model = build(name)
    if 'from_source' in name:
        assert (cfg.train_cfg.max_iters, cfg.param_scheduler[0].end) == (29760, 29761)
        return
    adapt_seg = name.startswith('adaptsegnet')
    rates = [6, 12] if adapt_seg and 'four_rates' not in name else [6, 12, 18, 24]
    heads = [model.decode_head] + ([model.auxiliary_head] if model.with_auxiliary_head else [])
    single = 'single' in name or '_ls' in name
    assert len(heads) == (1 if single else 2)
    for head in heads:
        assert [conv.dilation[0] for conv in head.classifiers] == rates
    if not single:
        assert cfg.model.auxiliary_head.loss_decode.loss_weight == 0.1
    main = 0.01 if '_ls' in name else 0.0005 if 'nthu' in name else 0.001
    expected = {'decode_head': main} | ({} if single else {'auxiliary_head': main / 5})
    assert model.methods[0].weights == pytest.approx(expected)
    assert getattr(model.methods[0], 'gan', 'vanilla') == (
        'least_squares' if '_ls' in name else 'vanilla'
    )
    assert getattr(model.methods[0], 'hardest', 1) == (0.3 if '_er' in name else 1)
    steps = {'adaptsegnet': 150000, 'advent': 120000}[name.partition('/')[0]]
    poly = 250001
    if 'synthia' in name:
        steps, poly = (80000, 250001) if adapt_seg else (90000, 90001)
    assert (cfg.train_cfg.max_iters, cfg.param_scheduler[0].end) == (steps, poly)
    affine = [p for n, p in model.backbone.named_parameters() if 'bn' in n or 'downsample.1' in n]
    assert not any(p.requires_grad for p in affine)
    data = cfg.train_dataloader.dataset
    for domain in (data.source, data.target):
        kinds = [step.type for step in domain.pipeline]
        assert not any('Random' in kind for kind in kinds)
    size = (1280, 720) if 'gta' in name or 'synthia' in name else (1024, 512)
    if not adapt_seg and 'synthia' in name:
        size = (1280, 760)
    sizes = [s.scale for d in (data.source, data.target) for s in d.pipeline if 'scale' in s]
    assert sizes == [size, (1024, 512)]
    assert cfg.train_dataloader.batch_size == 1


EVERY = [
    *LEAVES,
    *(str(p.relative_to(CONFIGS)) for f in ('cbst', 'cross_city') for p in CONFIGS.glob(f'{f}/*')),
]


@pytest.mark.parametrize('name', EVERY)
def test_details_of_the_training(name: str) -> None:
    """Corners aligned, cross entropy over valid pixels, batch norms as the released codes."""
    cfg, model = build(name)
    for head in ('decode_head', 'auxiliary_head'):
        part = cfg.model.get(head)
        if part is not None:
            assert part.loss_decode.avg_non_ignore
            assert getattr(model, head).align_corners
    if cfg.model.backbone.type != 'DeepLabV2ResNet':
        return
    norms = [m for m in model.train().backbone.modules() if isinstance(m, nn.BatchNorm2d)]
    follows = not name.startswith('cbst/')  # CRST's code keeps the statistics
    assert all(norm.training is follows for norm in norms)
    if name.startswith(('adaptsegnet/', 'advent/')) and 'from_source' not in name:
        assert not any(norm.weight.requires_grad or norm.bias.requires_grad for norm in norms)
    before = norms[-1].running_mean.clone()
    model.backbone(torch.randn(2, 3, 33, 33))
    assert torch.equal(norms[-1].running_mean, before) is not follows


CBST = {  # rounds, portion, source share, chosen images, rare classes at least
    'gta2cs': (3, 0.2, None, 505, None),
    'gta2cs_all_images': (3, 0.2, None, None, None),
    'synthia2cs': (4, 0.2, 0.02, 505, None),
    **{f'cs2nthu_{city}': (3, 0.2, None, 505, None) for city in CITIES},
    'gta2cs_wrn38': (6, 0.15, None, 505, 3),
    'gta2cs_wrn38_sp': (6, 0.15, None, 505, 3),
    'synthia2cs_wrn38': (6, 0.2, 0.02, 505, 3),
}


def test_no_config_of_cbst_is_unaccounted_for() -> None:
    found = {path.stem for path in CONFIGS.glob('cbst/*.py')}
    assert found == {*CBST, 'camvid_day2dusk'}


@pytest.mark.parametrize(
    'name',
    [*(f'cbst/{name}' for name in CBST), 'source_only/gta_wrn38', 'source_only/synthia_wrn38'],
)
def test_cbst_is_tested_at_the_size_of_the_images(name: str) -> None:
    """Its networks never see images of half that size in the training."""
    cfg = load(f'{name}.py')
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        assert loader.dataset.pipeline[1].scale == (2048, 1024)
    assert cfg.tta_pipeline[1].transforms[0][0].scale == (2048, 1024)


@pytest.mark.parametrize('name', CBST)
def test_recipe_of_cbst(name: str) -> None:
    """Rounds, shares, rates, batch norms and crops as in BASELINES.md."""
    cfg = load(f'cbst/{name}.py')
    loop, data = cfg.train_cfg, cfg.train_dataloader.dataset
    fields = ('rounds', 'portion', 'source_share', 'select', 'fewest_rare')
    assert tuple(loop.get(field) for field in fields) == CBST[name]
    assert loop.max_iters == loop.rounds * loop.round_iters
    sources = 9400 if 'synthia' in name else 2975 if 'nthu' in name else 24966
    first = loop.get('source_share', 0.03)
    shares = [first + 0.0025 * i for i in range(loop.rounds)]
    images = (loop.select or 2975) + sources * sum(shares) / loop.rounds
    passes = loop.round_iters * cfg.train_dataloader.batch_size / images
    assert passes == pytest.approx(2, abs=0.01)
    every = {loop.val_interval, cfg.default_hooks.checkpoint.interval}
    every |= {step.milestones[0] for step in cfg.param_scheduler}
    assert every == {loop.round_iters}
    wide = 'wrn38' in name
    assert cfg.model.backbone.type == ('WiderResNet38' if wide else 'DeepLabV2ResNet')
    assert cfg.model.backbone.get('norm_eval', wide) is True
    assert cfg.optim_wrapper.optimizer.lr == (1e-4 if wide else 5e-5)
    steps = [schedule.type for schedule in cfg.param_scheduler]
    assert steps == (['MultiStepLR'] if wide else [])
    rare = ['RareClassCrop' in str(part.pipeline) for part in (data.source, data.target)]
    assert rare == [wide, True]  # CBST mines both domains, CRST the target
    assert ('prior_pipeline' in data) is name.endswith('_sp')
    source = 'synthia' if 'synthia' in name else 'cityscapes13' if 'nthu' in name else 'gta'
    assert cfg.load_from.startswith(f'work_dirs/source_only/{source}{"_wrn38" * wide}/iter_')
