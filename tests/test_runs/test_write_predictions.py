"""``test --out``: folders are kept where names collide, and labels are not needed."""

import shutil
from pathlib import Path

import pytest

from .error_cases import Place
from .error_cases.weights import save_checkpoint
from .test_errors import end_of, here

__all__ = ['here']  # the fixture
COMMAND = 'test CONFIG source.pth --out out'


def written(here: Place) -> list[str]:
    out = here.root / 'out'
    return sorted(path.relative_to(out).as_posix() for path in out.rglob('*.png'))


def photos(here: Place) -> dict:
    """A folder with two images of one name, as test data without labels and classes."""
    images = sorted((here.root / 'city/leftImg8bit/val').rglob('*.png'))
    for name, image in zip(('day/1.png', 'night/1.png'), images, strict=False):
        (here.root / 'photos' / name).parent.mkdir(parents=True)
        shutil.copy(image, here.root / 'photos' / name)
    pipeline = [dict(type='LoadImageFromFile'), dict(type='PackSegInputs')]
    return dict(type='ImageFolderDataset', data_root=str(here.root / 'photos'), pipeline=pipeline)


@pytest.mark.parametrize('metric', ['SubsetIoUMetric', 'IoUMetric'])
def test_images_without_labels(metric: str, here: Place, capsys: pytest.CaptureFixture) -> None:
    save_checkpoint(here)
    here.cfg.test_dataloader.dataset = photos(here)
    here.cfg.test_evaluator = dict(type=metric)
    assert end_of(here, COMMAND) == (None, 'step N')
    assert written(here) == ['day/1.png', 'night/1.png']
    assert 'the test images have no labels' in capsys.readouterr().out


def test_a_data_set_without_a_label_folder(here: Place) -> None:
    """The pipeline asks for labels that nobody has."""
    save_checkpoint(here)
    dataset = here.cfg.test_dataloader.dataset
    dataset.data_prefix = dict(img_path='leftImg8bit/val')
    assert end_of(here, COMMAND) == (None, 'step N')
    assert len(written(here)) == 2


def test_nothing_to_do(here: Place) -> None:
    save_checkpoint(here)
    here.cfg.test_dataloader.dataset = photos(here)
    message, when = end_of(here, 'test CONFIG source.pth')
    assert message.startswith('error: test_dataloader.dataset: has no labels, so that nothing can')
    assert when == 'start'


def test_several_metrics_and_flat_names(here: Place) -> None:
    save_checkpoint(here)
    here.cfg.test_evaluator = [
        dict(type='SubsetIoUMetric'),
        dict(type='IoUMetric', prefix='stock'),
    ]
    assert end_of(here, COMMAND) == (None, 'step N')
    names = written(here)
    assert len(names) == 2
    assert all(Path(name).parent == Path() for name in names)
