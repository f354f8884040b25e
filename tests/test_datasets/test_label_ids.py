"""Label files are read through the table of their data set, and never silently wrong."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS, TRANSFORMS
from PIL import Image
from tiny_data import SIZE, make_camvid, make_gta5, save_label, train_pipeline

from mmseg_maxsquare.datasets import CamVidDataset, GTA5Dataset

LABELS = {'GTA5Dataset': 'labels/00001.png', 'CamVidDataset': 'trainannot/0001TP_006690.png'}
MAKE = {'GTA5Dataset': make_gta5, 'CamVidDataset': make_camvid}
# One id of each table with its train id.
KNOWN = {'GTA5Dataset': (26, 13), 'CamVidDataset': (8, 8)}


@pytest.fixture(params=sorted(MAKE))
def kind(request: pytest.FixtureRequest) -> str:
    """Name of the data set class."""
    return request.param


@pytest.fixture
def label_path(tmp_path: Path, kind: str) -> Path:
    """Label file of the first image of a tiny data set in ``tmp_path``."""
    MAKE[kind](tmp_path)
    return tmp_path / LABELS[kind]


def build(kind: str, root: Path, pipeline: list | None = None, **kwargs):
    """The data set from its config."""
    pipeline = train_pipeline() if pipeline is None else pipeline
    cfg = dict(type=kind, data_root=str(root), pipeline=pipeline, serialize_data=False)
    return DATASETS.build({**cfg, **kwargs})


def write_ids(path: Path, *ids: int) -> None:
    """Replace a label file by one that holds just these ids."""
    save_label(path, np.resize(np.array(ids, np.uint8), SIZE))


@pytest.mark.parametrize('bad', [[35], [100], [254], [35, 100]])
@pytest.mark.parametrize('test_mode', [False, True])
def test_unknown_id_names_file_and_id(
    kind: str, label_path: Path, bad: list[int], test_mode: bool
) -> None:
    """An id outside the table is an error, in training and in validation."""
    write_ids(label_path, KNOWN[kind][0], *bad)
    dataset = build(kind, label_path.parents[1], test_mode=test_mode)
    with pytest.raises(ValueError, match='unknown ids') as error:
        dataset[0]
    assert str(label_path) in str(error.value)
    assert f'unknown ids {bad};' in str(error.value)


@pytest.mark.parametrize(
    'step',
    [
        'LoadAnnotations',
        'mmseg.LoadAnnotations',
        LoadAnnotations,
        pytest.param(LoadAnnotations(), id='built'),
    ],
)
def test_every_way_to_name_the_stock_loader_is_strict(
    kind: str, label_path: Path, step: object
) -> None:
    """mmseg's LoadAnnotations is enough, however the pipeline names it."""
    step = dict(type=step) if isinstance(step, str | type) else step
    pipeline = [dict(type='LoadImageFromFile'), step, dict(type='PackSegInputs')]
    dataset = build(kind, label_path.parents[1], pipeline)
    known, train = KNOWN[kind]
    write_ids(label_path, known)
    assert dataset[0]['data_samples'].gt_sem_seg.data.unique().tolist() == [train]
    write_ids(label_path, 100)
    with pytest.raises(ValueError, match=r'unknown ids \[100\]'):
        dataset[0]


@pytest.mark.parametrize('container', [list, tuple])
def test_loader_inside_test_time_aug_is_strict(
    kind: str, label_path: Path, container: type
) -> None:
    """The TTA pipelines of the configs hold their loader one level deeper."""
    augment = dict(
        type='TestTimeAug',
        transforms=container(
            [
                [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)],
                [dict(type='LoadAnnotations')],
                [dict(type='PackSegInputs')],
            ]
        ),
    )
    dataset = build(
        kind, label_path.parents[1], [dict(type='LoadImageFromFile'), augment], test_mode=True
    )
    known, train = KNOWN[kind]
    write_ids(label_path, known)
    labels = [sample.gt_sem_seg.data.unique().tolist() for sample in dataset[0]['data_samples']]
    assert labels == [[train], [train]]
    write_ids(label_path, 100)
    with pytest.raises(ValueError, match=r'unknown ids \[100\]'):
        dataset[0]


def test_label_of_another_size(kind: str, label_path: Path) -> None:
    """A label must have the size of its image; the message shows both."""
    save_label(label_path, np.full((10, 32), KNOWN[kind][0], np.uint8))
    with pytest.raises(ValueError, match=r'\(10, 32\).*\(24, 32\)') as error:
        build(kind, label_path.parents[1])[0]
    assert str(label_path) in str(error.value)


def test_size_is_compared_before_the_resize(kind: str, label_path: Path) -> None:
    """Behind a Resize of the image, labels keep their own size (the val pipelines)."""
    pipeline = [
        dict(type='LoadImageFromFile'),
        dict(type='Resize', scale=(16, 12), keep_ratio=False),
        dict(type='LoadAnnotations'),
        dict(type='PackSegInputs'),
    ]
    item = build(kind, label_path.parents[1], pipeline, test_mode=True)[0]
    assert item['inputs'].shape == (3, 12, 16)
    assert item['data_samples'].gt_sem_seg.shape == SIZE


@pytest.mark.parametrize(
    'label',
    [
        pytest.param(np.full(SIZE, 7, np.uint16), id='16-bit'),
        pytest.param(np.full((*SIZE, 3), 7, np.uint8), id='RGB'),
        pytest.param(np.full((*SIZE, 4), 7, np.uint8), id='RGBA'),
        pytest.param(np.zeros(SIZE, bool), id='1-bit'),
    ],
)
def test_label_that_is_no_8_bit_map(kind: str, label_path: Path, label: np.ndarray) -> None:
    """Colour and 16-bit files are refused instead of cut down to 8 bits."""
    save_label(label_path, label)
    with pytest.raises(ValueError, match='single-channel 8-bit') as error:
        build(kind, label_path.parents[1])[0]
    assert str(label_path) in str(error.value)


def test_missing_label_file_names_label_and_image(kind: str, label_path: Path) -> None:
    """The message names the label that is missing and its image."""
    label_path.unlink()
    with pytest.raises(FileNotFoundError, match='not found') as error:
        build(kind, label_path.parents[1])[0]
    assert str(label_path) in str(error.value)
    assert 'of image' in str(error.value)


@pytest.mark.parametrize('kept', [0.0, 0.1, 0.3, 0.5, 0.8])
def test_truncated_label_names_the_file(kind: str, label_path: Path, kept: float) -> None:
    """Half a PNG, as an interrupted copy leaves it."""
    content = label_path.read_bytes()
    label_path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(ValueError, match='not a readable image') as error:
        build(kind, label_path.parents[1])[0]
    assert str(label_path) in str(error.value)


def test_truncated_label_and_another_decoder(kind: str, label_path: Path) -> None:
    """OpenCV, which some pipelines ask for, says nothing at all about a broken file."""
    label_path.write_bytes(label_path.read_bytes()[:40])
    load = dict(type='LoadAnnotations', imdecode_backend='cv2')
    pipeline = [dict(type='LoadImageFromFile'), load, dict(type='PackSegInputs')]
    with pytest.raises(ValueError, match='not a readable image') as error:
        build(kind, label_path.parents[1], pipeline)[0]
    assert str(label_path) in str(error.value)


def test_label_cut_anywhere_is_an_error_or_intact(kind: str, label_path: Path) -> None:
    """No place to cut gives another exception, or labels that differ from the whole file's."""
    dataset = build(kind, label_path.parents[1])
    whole = dataset[0]['data_samples'].gt_sem_seg.data
    content = label_path.read_bytes()
    failures = []
    for length in range(0, len(content), 7):
        label_path.write_bytes(content[:length])
        try:
            same = bool((dataset[0]['data_samples'].gt_sem_seg.data == whole).all())
        except ValueError as error:
            same = str(label_path) in str(error)
        except Exception as error:
            same = False
            failures.append(repr(error))
        if not same:
            failures.append(length)
    assert failures == []


@pytest.mark.parametrize('offset', [6, 12, -1], ids=['header', 'data', 'length'])
def test_damaged_label_is_read_right_or_named(kind: str, label_path: Path, offset: int) -> None:
    """A flipped byte in the pixels (checksum) or in their length never gives wrong labels."""
    whole = build(kind, label_path.parents[1])[0]['data_samples'].gt_sem_seg.data
    content = bytearray(label_path.read_bytes())
    content[content.find(b'IDAT') + offset] ^= 0x1F
    label_path.write_bytes(bytes(content))
    try:
        labels = build(kind, label_path.parents[1])[0]['data_samples'].gt_sem_seg.data
    except ValueError as error:
        assert 'not a readable image' in str(error) and str(label_path) in str(error)
    else:
        assert offset == -1 and bool((labels == whole).all())


@pytest.mark.parametrize('kind', sorted(MAKE))
def test_missing_and_empty_folder(tmp_path: Path, kind: str) -> None:
    """Both errors name the image folder and the expected layout."""
    images = tmp_path / ('images' if kind == 'GTA5Dataset' else 'train')
    with pytest.raises(FileNotFoundError, match=f'{kind}: image folder .* not found') as error:
        build(kind, tmp_path)
    assert str(images) in str(error.value) and '.png' in str(error.value)
    images.mkdir()
    with pytest.raises(FileNotFoundError, match=f'{kind}: no .png images') as error:
        build(kind, tmp_path)
    assert str(images) in str(error.value)


@pytest.mark.parametrize('cls', [GTA5Dataset, CamVidDataset])
def test_permuted_classes_take_their_colours_along(tmp_path: Path, cls: type) -> None:
    """All classes in another order: labels and palette follow, as for a true subset."""
    MAKE[cls.__name__](tmp_path)
    names, colours = cls.METAINFO['classes'], cls.METAINFO['palette']
    dataset = build(cls.__name__, tmp_path, metainfo=dict(classes=names[::-1]))
    last = len(names) - 1
    known, train = KNOWN[cls.__name__]
    assert dataset.label_map[known] == last - train
    assert dataset.metainfo['palette'] == colours[::-1]


def test_palette_of_the_user_stays(kind: str, label_path: Path) -> None:
    """A palette given with the subset is not replaced."""
    name = {'GTA5Dataset': 'road', 'CamVidDataset': 'sky'}[kind]
    meta = dict(classes=('car', name), palette=[[1, 2, 3], [4, 5, 6]])
    dataset = build(kind, label_path.parents[1], metainfo=meta)
    assert dataset.metainfo['palette'] == [[1, 2, 3], [4, 5, 6]]


def test_unknown_class_is_refused(kind: str, label_path: Path) -> None:
    """A class that the data set lacks cannot be asked for."""
    with pytest.raises(ValueError, match='tram'):
        build(kind, label_path.parents[1], metainfo=dict(classes=('car', 'tram')))


def test_loader_gives_uint8_and_registers_its_field(tmp_path: Path) -> None:
    """LoadLabelIds alone, with a table of its own."""
    path = tmp_path / 'label.png'
    Image.fromarray(np.array([[3, 5], [9, 3]], np.uint8)).save(path)
    results = dict(
        img_path='x.png', seg_map_path=str(path), label_map={3: 1, 5: 0, 9: 255}, seg_fields=[]
    )
    results = TRANSFORMS.build(dict(type='LoadLabelIds'))(results)
    assert results['gt_seg_map'].dtype == np.uint8
    assert results['gt_seg_map'].tolist() == [[1, 0], [255, 1]]
    assert results['seg_fields'] == ['gt_seg_map']
