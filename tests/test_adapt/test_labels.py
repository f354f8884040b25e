"""Label files that only score: their names, ids and format are those of the test data."""

from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.adapt.image_names import relative
from mmseg_maxsquare.adapt.labels import find_labels, label_name

from tests.helpers.tiny_data import save_label

init_default_scope('mmseg')


def found(tmp_path: Path, dataset: dict, image: str, label: str, ids: list, classes: int) -> list:
    """Train ids of a label file ``label`` of the image."""
    save_label(tmp_path / 'labels' / label, np.array([ids], np.uint8))
    cfg = Config(dict(test_dataloader=dict(dataset=dataset)))
    meta = dict(classes=dataset.pop('names', [f'c{i}' for i in range(classes)]))
    images = [tmp_path / 'photos' / image]
    (tmp_path / 'photos').mkdir(exist_ok=True)
    labels = find_labels(cfg, tmp_path / 'labels', images, tmp_path / 'photos', meta)
    return labels.read(labels.pairs[0][1])[0].tolist()


def test_train_ids(tmp_path: Path) -> None:
    data = dict(type='BaseSegDataset')
    assert found(tmp_path, data, 'a/1.jpg', 'a/1.png', [0, 2, 255], 3) == [0, 2, 255]
    with pytest.raises(ValueError, match=r'holds ids \[3\], expected 0 to 2 and 255'):
        found(tmp_path, data, 'a/1.jpg', 'a/1.png', [0, 3], 3)


def test_suffixes_of_cityscapes(tmp_path: Path) -> None:
    """They are defaults of the class, which the config does not repeat."""
    data = dict(type='CityscapesDataset')
    image, label = 'x/x_0_leftImg8bit.png', 'x/x_0_gtFine_labelTrainIds.png'
    assert found(tmp_path, data, image, label, [0, 18, 255], 19) == [0, 18, 255]


def test_ids_from_one(tmp_path: Path) -> None:
    """ADE20K: 0 and 255 are ignored, 1 is the first class."""
    data = dict(type='ADE20KDataset')
    assert found(tmp_path, data, '1.jpg', '1.png', [0, 1, 150, 255], 150) == [255, 0, 149, 255]


def test_ids_of_the_files_of_our_data_sets(tmp_path: Path) -> None:
    """CamVid with six classes: the others are ignored."""
    names = ['sky', 'building', 'road', 'pavement', 'tree', 'car']
    data = dict(type='CamVidDataset', names=names)
    ids = [0, 1, 2, 3, 8, 11]
    assert found(tmp_path, data, '1.png', '1.png', ids, 6) == [0, 1, 255, 2, 5, 255]


@pytest.mark.parametrize(
    ('suffixes', 'expected'),
    [('.jpg', 'x.1.png'), (('.bmp', '.jpg'), 'x.1.png'), (None, 'x.1.png'), ('.bmp', 'x.1.png')],
)
def test_names(suffixes: object, expected: str) -> None:
    assert label_name(Path('x.1.jpg'), suffixes, None) == Path(expected)


class Files:
    """Images ``photos/a/0.png`` and ``photos/b/0.png``, a list of them, and labels."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        patch.chdir(root)
        self.root = root
        self.images = [Path('photos/a/0.png'), Path('photos/b/0.png')]
        for image in self.images:
            save_label(image, np.zeros((2, 2), np.uint8))
        Path('list.txt').write_text(''.join(f'{image}\n' for image in self.images))

    def label(self, *names: str) -> None:
        for name in names:
            save_label(self.root / 'labels' / name, np.zeros((2, 2), np.uint8))

    def names(self, target: str, images: list[Path] | None = None) -> list[str]:
        """Label files of the images, by name."""
        cfg = Config(dict(test_dataloader=dict(dataset=dict(type='BaseSegDataset'))))
        images = self.images if images is None else images
        labels = find_labels(cfg, Path('labels'), images, Path(target), dict(classes=['c']))
        return [str(label.relative_to('labels')) for _, label in labels.pairs]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    return Files(tmp_path, monkeypatch)


@pytest.mark.parametrize('folder', ['', 'photos/', 'deep/photos/'])
def test_labels_of_a_list(folder: str, files: Files) -> None:
    """They are named below the folder that the images share, or below one above it."""
    folder = folder.replace('deep', files.root.name)
    files.label(f'{folder}a/0.png', f'{folder}b/0.png', '0.png')
    assert files.names('list.txt') == [f'{folder}a/0.png', f'{folder}b/0.png']


def test_one_label_for_two_images(files: Files) -> None:
    files.label('0.png')
    with pytest.raises(ValueError, match=r'0\.png would be the label of both photos/a/0\.png and'):
        files.names('list.txt')
    Path('twin.txt').write_text('photos/a/0.png\n')
    assert files.names('twin.txt', files.images[:1]) == ['0.png']
    save_label(Path('photos/a/0.bmp'), np.zeros((2, 2), np.uint8))
    files.label('a/0.png')
    with pytest.raises(ValueError, match=r'a/0\.png would be the label of both'):
        files.names('photos', [Path('photos/a/0.bmp'), *files.images])


def test_labels_of_one_image(files: Files) -> None:
    files.label('a/0.png')
    assert files.names('photos/a/0.png', files.images[:1]) == ['a/0.png']


def test_labels_of_links(files: Files) -> None:
    """A link to a file or a folder has its own name, however the target is spelled."""
    links = files.root / 'links'
    links.mkdir()
    (links / 'x.png').symlink_to(files.root / 'photos/a/0.png')
    (links / 'y').symlink_to(files.root / 'photos/b')
    Path('other').symlink_to('links')
    files.label('x.png', 'y/0.png', '0.png')
    for target in ('links', 'other', str(links), 'links/../links'):
        images = [Path(target, 'x.png'), Path(target, 'y/0.png')]
        assert files.names(target, images) == ['x.png', 'y/0.png']
        assert files.names(target, [path.absolute() for path in images]) == ['x.png', 'y/0.png']
    assert files.names('other', [links / 'x.png']) == ['x.png']


def test_damaged_label(files: Files) -> None:
    files.label('a/0.png', 'b/0.png')
    Path('labels/b/0.png').write_bytes(b'no image')
    with pytest.raises(ValueError, match=r'--labels: labels/b/0\.png is not a readable image'):
        files.names('photos')


def test_names_in_a_report(files: Files) -> None:
    """Below the folder; a list's as the list has them; a single image has its name."""
    image = files.images[0]
    assert relative(image.absolute(), Path('photos')) == 'a/0.png'
    assert relative(image.absolute(), Path('list.txt')) == 'photos/a/0.png'
    assert relative(image.absolute(), image) == '0.png'
    assert relative(image.absolute(), Path('labels/list.txt')) == '../photos/a/0.png'
