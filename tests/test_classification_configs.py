"""Every classification config says what Section 4.2 says, and builds."""

import pytest
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmseg.registry import MODELS, PARAM_SCHEDULERS

from tests.helpers import REPO

CONFIGS = REPO / 'configs'
OFFICE31 = dict(a='amazon', w='webcam', d='dslr')
TASKS = ('a2w', 'd2w', 'w2d', 'a2d', 'd2a', 'w2a')
DIGITS = ('mnist2uci', 'uci2mnist')
METHODS = ('source_only', 'minent', 'maxsquare', 'dann')


def load(name: str) -> Config:
    return Config.fromfile(CONFIGS / name)


def domains(cfg: Config) -> tuple:
    """Source, target and evaluated data set."""
    data = cfg.train_dataloader.dataset
    tested = cfg.val_dataloader.dataset
    assert cfg.val_dataloader == cfg.test_dataloader
    return data.get('source', data), data.get('target', tested), tested


@pytest.mark.parametrize('task', TASKS)
@pytest.mark.parametrize('method', METHODS)
def test_office31(method: str, task: str) -> None:
    cfg = load(f'{method}/office31_{task}.py')
    source, target, tested = domains(cfg)
    assert source.domain == OFFICE31[task[0]]
    assert target.domain == tested.domain == OFFICE31[task[2]]
    assert cfg.train_dataloader.batch_size == 64  # half of 128
    assert cfg.model.num_classes == 31
    assert cfg.load_from is None  # from ImageNet
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[0].end == 2000


@pytest.mark.parametrize('task', DIGITS)
@pytest.mark.parametrize('method', METHODS)
def test_digits(method: str, task: str) -> None:
    """Adaptation and evaluation read different halves of the target."""
    cfg = load(f'{method}/digits_{task}.py')
    source, target, tested = domains(cfg)
    first, second = task.split('2')
    assert (source.name, source.split) == (first, 'train')
    assert (tested.name, tested.split) == (second, 'test')
    if method != 'source_only':
        assert (target.name, target.split) == (second, 'train')
        assert cfg.load_from == f'work_dirs/source_only/digits_{task}/iter_200.pth'
    assert cfg.train_cfg.max_iters == cfg.param_scheduler[0].end == 200


@pytest.mark.parametrize('task', [f'office31_{t}' for t in TASKS] + [f'digits_{t}' for t in DIGITS])
def test_losses(task: str) -> None:
    for method, kind, weight in (('minent', 'Entropy', 0.03), ('maxsquare', 'MaxSquare', 0.3)):
        cfg = load(f'{method}/{task}.py')
        cfg.model.backbone.pretrained = None
        loss = MODELS.build(cfg.model).target_loss
        assert type(loss).__name__ == f'{kind}Loss'
        assert (loss.loss_weight, loss.class_average, loss.alpha) == (weight, False, 0)


@pytest.mark.parametrize('task', DIGITS)
def test_digit_controls(task: str) -> None:
    """As long as an adaptation, from the same source model."""
    adapted = load(f'maxsquare/digits_{task}.py')
    norms, continued = (load(f'source_only/digits_{task}_{c}.py') for c in ('bn', 'continued'))
    assert norms.load_from == continued.load_from == adapted.load_from
    assert norms.model.target_loss.loss_weight == 0.0
    assert norms.train_dataloader == adapted.train_dataloader
    assert continued.train_dataloader.dataset == adapted.train_dataloader.dataset.source
    assert continued.model.type == 'ImageClassifier'


def test_rates_of_section_4_2() -> None:
    """0.01 for the backbone, 0.1 for the new classifier; / (1 + 10 p) ** 0.75 over the run."""
    cfg = load('maxsquare/office31_a2w.py')
    cfg.model.backbone.pretrained = None
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    rates = {
        name: group['lr']
        for group in wrapper.param_groups
        for parameter in group['params']
        for name, own in model.named_parameters()
        if own is parameter
    }
    assert rates['classifier.weight'] == pytest.approx(0.1)
    assert rates['backbone.layer4.0.conv1.weight'] == 0.01
    assert wrapper.param_groups[0]['momentum'] == 0.9
    cfg.param_scheduler[0].end = 4
    scheduler = PARAM_SCHEDULERS.build(cfg.param_scheduler[0], default_args=dict(optimizer=wrapper))
    for step in range(4):
        expected = 0.01 / (1 + 10 * step / 4) ** 0.75
        assert wrapper.param_groups[0]['lr'] == pytest.approx(expected, rel=1e-12)
        wrapper.optimizer.step()
        scheduler.step()


def test_no_config_is_unaccounted_for() -> None:
    names = {
        str(path.relative_to(CONFIGS))
        for method in METHODS
        for kind in ('office31', 'digits')
        for path in (CONFIGS / method).glob(f'{kind}_*.py')
    }
    expected = {f'{m}/office31_{t}.py' for m in METHODS for t in TASKS}
    expected |= {f'{m}/digits_{t}.py' for m in METHODS for t in DIGITS}
    expected |= {f'source_only/digits_{t}_{c}.py' for t in DIGITS for c in ('bn', 'continued')}
    assert names == expected
