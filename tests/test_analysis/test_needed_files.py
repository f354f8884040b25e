"""Files that runs need, found before anything starts."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis.needed_files import absent_files, files_text, needed_files
from mmseg_maxsquare.analysis.rows import Run

from .test_runner import leave_traces, unchanged
from tests.helpers.tiny_data import make_cityscapes, make_gta5

WRN38 = Run('source_only/gta_wrn38.py')
CBST = Run('cbst/gta2cs_wrn38.py', start=WRN38)
SOURCE = Run('source_only/gta.py')
MAXSQUARE = Run('maxsquare/gta2cs.py', start=SOURCE)
WEIGHTS = 'pretrained/wider_resnet38_a1.pth'
PUBLISHED = 'ilsvrc-cls_rna-a1_cls1000_ep-0001.params (md5 ff21f45d6bf03284100dcbec571edfad)'


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The images, and the ImageNet weights of ResNet-101 alone."""
    root = tmp_path / 'data'
    make_gta5(root / 'gta5')
    make_cityscapes(root / 'cityscapes', labels=dict(train='labelIds', val='labelIds'))
    (root / 'pretrained').mkdir()
    (root / 'pretrained/DeepLab_resnet_pretrained_init-f81d91e8.pth').touch()
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', str(root))
    return root


def texts(absent: dict) -> dict[str, list[str]]:
    return {run.slug: list(map(str, files)) for run, files in absent.items()}


def test_weights_and_what_starts_from_them(data: Path, tmp_path: Path) -> None:
    """The second run needs no file of its own that is not there, but the first one."""
    found = absent_files([WRN38, CBST, SOURCE, MAXSQUARE], [0, 1], tmp_path, unchanged)
    line = f'{data / WEIGHTS} from {PUBLISHED}'
    assert texts(found) == {'source_only/gta_wrn38': [line], 'cbst/gta2cs_wrn38': [line]}


def test_folders_of_data_sets(data: Path, tmp_path: Path) -> None:
    (data / 'gta5').rename(tmp_path / 'gta5')
    (data / 'cityscapes/gtFine/val').rename(tmp_path / 'val')
    found = absent_files([MAXSQUARE], [0], tmp_path, unchanged)
    assert texts(found) == {
        'maxsquare/gta2cs': [str(data / 'gta5'), str(data / 'cityscapes/gtFine/val')]
    }


def test_labels_of_the_target_are_not_needed(data: Path, tmp_path: Path) -> None:
    (data / 'cityscapes/gtFine/train').rename(tmp_path / 'train')
    assert not absent_files([MAXSQUARE], [0], tmp_path, unchanged)


def test_a_finished_run_needs_nothing(data: Path, tmp_path: Path) -> None:
    out = tmp_path / 'out'
    for seed in (0, 1):
        cfg = Config.fromfile('configs/source_only/gta_wrn38.py')
        leave_traces(WRN38, Path(), out / f'seed{seed}/source_only/gta_wrn38', cfg)
    assert not absent_files([WRN38, CBST], [0, 1], out, unchanged)
    assert list(absent_files([WRN38, CBST], [0, 2], out, unchanged)) == [WRN38, CBST]


def test_the_config_may_be_changed(data: Path, tmp_path: Path) -> None:
    def adjust(cfg: Config) -> None:
        cfg.model.backbone.pretrained = None

    assert not absent_files([WRN38], [0], tmp_path, adjust)


def test_a_test_needs_no_training_data(data: Path) -> None:
    (data / 'gta5').rename(data / 'gone')
    run = Run('source_only/gta.py', start=SOURCE, train=False)
    names = [file.path.removeprefix(f'{data}/') for file in needed_files(run, unchanged)]
    assert names == ['cityscapes/leftImg8bit/val', 'cityscapes/gtFine/val']


def test_the_start_that_a_config_names(data: Path) -> None:
    """A row without a start of the table takes that of its config."""
    files = needed_files(Run('maxsquare/gta2cs.py'), unchanged)
    assert files[0].path == 'work_dirs/source_only/gta/iter_70000.pth'


def test_list(data: Path) -> None:
    (data / 'gta5').rename(data / 'gone')
    assert files_text([SOURCE, MAXSQUARE], unchanged).splitlines() == [
        'files needed:',
        f'  there   {data}/pretrained/DeepLab_resnet_pretrained_init-f81d91e8.pth '
        '(SHA-256 f81d91e8...)',
        f'  absent  {data}/gta5',
        f'  there   {data}/cityscapes/leftImg8bit/val',
        f'  there   {data}/cityscapes/gtFine/val',
        f'  there   {data}/cityscapes/leftImg8bit/train',
    ]
    packaged = Run('source_only/digits_mnist2uci.py')
    assert files_text([packaged], unchanged) == 'files needed:\n  none'
