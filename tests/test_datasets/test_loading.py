"""Images and label files are read strictly: what cannot be right names the file."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import TRANSFORMS
from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets import ImageFolderDataset
from mmseg_maxsquare.datasets.loading import look_up, read_first_channel

from tests.helpers.tiny_data import (
    FORMATS,
    SIZE,
    Format,
    build_dataset,
    label_of,
    make_nthu,
    save_image,
    save_label,
    train_pipeline,
    write_ids,
)

LOAD_IMAGE, LOAD_LABEL = dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')
PACK = dict(type='PackSegInputs')


@pytest.fixture(params=FORMATS)
def layout(request: pytest.FixtureRequest, tmp_path: Path) -> Format:
    """Every data set with 8-bit labels, written into ``tmp_path``."""
    layout = FORMATS[request.param]
    layout.make(tmp_path)
    return layout


@pytest.fixture
def gta5(tmp_path: Path) -> Format:
    """GTA5, written into ``tmp_path``."""
    FORMATS['gta5'].make(tmp_path)
    return FORMATS['gta5']


def id_of(layout: Format, train_id: int = 2) -> int:
    """An id that has this train id."""
    return next(label for label, train in layout.table.items() if train == train_id)


def refusal(dataset: Dataset, path: Path, kind: type[Exception] = ValueError) -> str:
    """What the first item's error says; it names the file."""
    with pytest.raises(kind) as error:
        dataset[0]
    assert str(path) in str(error.value)
    return str(error.value)


def test_every_known_id_has_its_train_id(tmp_path: Path, layout: Format) -> None:
    ids = np.resize(np.array(list(layout.table), np.uint8), SIZE)
    save_label(tmp_path / layout.label, ids)
    expected = np.vectorize(layout.table.get)(ids)
    assert len(np.unique(expected)) >= 12
    np.testing.assert_array_equal(label_of(build_dataset(tmp_path, layout.cfg)), expected)


def test_every_other_id_is_refused(tmp_path: Path, layout: Format) -> None:
    """One file for each of the ids 0..255 that the format does not have."""
    dataset = build_dataset(tmp_path, layout.cfg)
    unknown = sorted(set(range(256)) - set(layout.table))
    assert len(unknown) == {36: 220, 20: 236, 13: 243}[len(layout.table)]
    for label in unknown:
        write_ids(tmp_path / layout.label, id_of(layout), label)
        assert f'unknown ids [{label}]; known are [' in refusal(dataset, tmp_path / layout.label)


@pytest.mark.parametrize('test_mode', [False, True])
def test_all_unknown_ids_are_listed(tmp_path: Path, layout: Format, test_mode: bool) -> None:
    """In training and in validation; a single pixel is enough."""
    label = np.full(SIZE, id_of(layout), np.uint8)
    label[0, 0], label[-1, -1] = 254, 100
    save_label(tmp_path / layout.label, label)
    message = refusal(
        build_dataset(tmp_path, layout.cfg, test_mode=test_mode), tmp_path / layout.label
    )
    assert 'unknown ids [100, 254];' in message


@pytest.mark.parametrize(
    'step',
    [
        'LoadAnnotations',
        'mmseg.LoadAnnotations',
        'mmcv.LoadAnnotations',
        LoadAnnotations,
        pytest.param(LoadAnnotations(), id='built'),
    ],
)
def test_every_way_to_name_the_stock_loader_is_strict(
    tmp_path: Path, layout: Format, step: object
) -> None:
    """The stock LoadAnnotations is enough, however the pipeline names it."""
    step = dict(type=step) if isinstance(step, str | type) else step
    dataset = build_dataset(tmp_path, layout.cfg, [LOAD_IMAGE, step, PACK])
    write_ids(tmp_path / layout.label, id_of(layout))
    assert np.unique(label_of(dataset)).tolist() == [2]
    write_ids(tmp_path / layout.label, 100)
    assert 'unknown ids [100]' in refusal(dataset, tmp_path / layout.label)


def flipped_twice(load_image: dict, load_label: dict) -> list:
    flips = [dict(type='RandomFlip', prob=0.0), dict(type='RandomFlip', prob=1.0)]
    return [load_image, dict(type='TestTimeAug', transforms=[flips, [load_label], [PACK]])]


WRAPPED = {
    'TestTimeAug': flipped_twice,
    'TestTimeAug with tuples': lambda image, label: (
        image,
        dict(
            type='TestTimeAug', transforms=((dict(type='RandomFlip', prob=0.0),), (label,), (PACK,))
        ),
    ),
    'RandomChoice': lambda image, label: [
        dict(type='RandomChoice', transforms=[[image, label], [image, label]]),
        PACK,
    ],
    'RandomApply': lambda image, label: [
        dict(type='RandomApply', prob=1.0, transforms=[image, label]),
        PACK,
    ],
    'Compose in a RandomChoice': lambda image, label: [
        dict(type='RandomChoice', transforms=[dict(type='Compose', transforms=[image, label])]),
        PACK,
    ],
}


@pytest.mark.parametrize('scope', ['', 'mmseg.', 'mmcv.'])
@pytest.mark.parametrize('wrap', WRAPPED)
def test_loaders_inside_wrappers_are_strict(
    tmp_path: Path, gta5: Format, wrap: str, scope: str
) -> None:
    """Both loaders, one or two levels deeper, with or without the scope's name."""
    steps = [dict(type=f'{scope}LoadImageFromFile'), dict(type=f'{scope}LoadAnnotations')]
    dataset = build_dataset(tmp_path, gta5.cfg, WRAPPED[wrap](*steps), test_mode=True)
    write_ids(tmp_path / gta5.label, 26, 34)
    samples = dataset[0]['data_samples']
    for sample in samples if isinstance(samples, list) else [samples]:
        assert sample.gt_sem_seg.data.unique().tolist() == [13, 255]
    write_ids(tmp_path / gta5.label, 100)
    assert 'unknown ids [100]' in refusal(dataset, tmp_path / gta5.label)
    (tmp_path / gta5.image).write_text('<html>')
    assert 'cannot be read' in refusal(dataset, tmp_path / gta5.image)


def test_options_of_the_image_loader_stay(tmp_path: Path, gta5: Format) -> None:
    """Our loader is mmcv's: other decoders, and float images."""
    load = dict(type='LoadImageFromFile', to_float32=True, imdecode_backend='pillow')
    item = build_dataset(tmp_path, gta5.cfg, [load, LOAD_LABEL, PACK])[0]
    image = np.array(Image.open(tmp_path / gta5.image))
    assert item['inputs'].is_floating_point()
    np.testing.assert_array_equal(item['inputs'].numpy().transpose(1, 2, 0)[..., ::-1], image)
    (tmp_path / gta5.image).write_bytes(b'no image')
    refusal(build_dataset(tmp_path, gta5.cfg, [load, PACK]), tmp_path / gta5.image)


def cut(path: Path, kept: float) -> None:
    """Keep the first part of a file, as an interrupted copy does."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])


@pytest.mark.parametrize('kept', [0.0, 0.1, 0.3, 0.5, 0.8, 0.95])
@pytest.mark.parametrize('suffix', ['.png', '.jpg', '.bmp'])
def test_truncated_image_names_the_file(tmp_path: Path, suffix: str, kept: float) -> None:
    """Also the JPEG, whose missing rows some decoders paint grey; the size tells of 0 bytes."""
    path = save_image(tmp_path / f'a{suffix}', SIZE, np.random.default_rng(0))
    dataset = ImageFolderDataset(str(tmp_path), pipeline=train_pipeline(labels=False))
    assert dataset[0]['inputs'].shape == (3, *SIZE)
    cut(path, kept)
    message = refusal(dataset, path)
    assert f'cannot be read ({path.stat().st_size} bytes)' in message
    assert 'copy it again' in message


@pytest.mark.parametrize('content', [b'', b'<html>404</html>', b'\x89PNG\r\n\x1a\n'])
def test_what_is_no_image(tmp_path: Path, layout: Format, content: bytes) -> None:
    """An empty file, an error page under an image's name, a header alone."""
    (tmp_path / layout.image).write_bytes(content)
    message = refusal(build_dataset(tmp_path, layout.cfg), tmp_path / layout.image)
    assert message.startswith('image ')
    assert f'({len(content)} bytes)' in message


def test_a_loader_that_cannot_work_is_not_a_damaged_image(tmp_path: Path) -> None:
    path = tmp_path / 'a.png'
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (8, 9, 3), np.uint8)).save(path)
    load = TRANSFORMS.build(dict(type='LoadImage', backend_args=dict(backend='petrel')))
    with pytest.raises(ValueError, match='which is a sound image: .*correct its backend_args'):
        load(dict(img_path=str(path)))
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(BadFileError, match='it is damaged, truncated or not an image'):
        load(dict(img_path=str(path)))


def test_image_that_vanished(tmp_path: Path, layout: Format) -> None:
    """Deleted after the data set was built."""
    dataset = build_dataset(tmp_path, layout.cfg)
    (tmp_path / layout.image).unlink()
    assert 'not found' in refusal(dataset, tmp_path / layout.image, FileNotFoundError)


def test_label_that_vanished(tmp_path: Path, layout: Format) -> None:
    """The message has the image, too."""
    dataset = build_dataset(tmp_path, layout.cfg)
    (tmp_path / layout.label).unlink()
    message = refusal(dataset, tmp_path / layout.label, FileNotFoundError)
    assert f'not found (of image {tmp_path / layout.image})' in message


def test_label_of_another_size(tmp_path: Path, layout: Format) -> None:
    """A label must have the size of its image; the message shows both and what to do."""
    save_label(tmp_path / layout.label, np.full((10, 32), id_of(layout), np.uint8))
    message = refusal(build_dataset(tmp_path, layout.cfg), tmp_path / layout.label)
    assert 'size (10, 32) (height, width), its image (24, 32)' in message
    assert 'ann_file' in message


def test_size_is_compared_before_the_resize(tmp_path: Path, layout: Format) -> None:
    """Behind a Resize of the image, labels keep their own size (the val pipelines)."""
    resize = dict(type='Resize', scale=(16, 12), keep_ratio=False)
    dataset = build_dataset(
        tmp_path, layout.cfg, [LOAD_IMAGE, resize, LOAD_LABEL, PACK], test_mode=True
    )
    assert dataset[0]['inputs'].shape == (3, 12, 16)
    assert label_of(dataset).shape == SIZE


@pytest.mark.parametrize(
    ('label', 'found'),
    [
        pytest.param(np.full(SIZE, 7, np.uint16), '1 channels', id='16-bit'),
        pytest.param(np.full((*SIZE, 3), 7, np.uint8), '3 channels of uint8', id='RGB'),
        pytest.param(np.full((*SIZE, 4), 7, np.uint8), '4 channels of uint8', id='RGBA'),
        pytest.param(np.zeros(SIZE, bool), '1 channels of bool', id='1-bit'),
    ],
)
def test_label_that_is_no_8_bit_map(
    tmp_path: Path, layout: Format, label: np.ndarray, found: str
) -> None:
    """Colour and 16-bit files are refused instead of cut down to 8 bits."""
    save_label(tmp_path / layout.label, label)
    message = refusal(build_dataset(tmp_path, layout.cfg), tmp_path / layout.label)
    assert 'must be a single-channel 8-bit image' in message
    assert f'got {found}' in message


@pytest.mark.parametrize('kept', [0.0, 0.1, 0.3, 0.5, 0.8])
def test_truncated_label_names_the_file(tmp_path: Path, layout: Format, kept: float) -> None:
    cut(tmp_path / layout.label, kept)
    message = refusal(build_dataset(tmp_path, layout.cfg), tmp_path / layout.label)
    assert 'not a readable image' in message


def test_decoder_of_labels_cannot_be_chosen(tmp_path: Path, gta5: Format) -> None:
    """OpenCV, which some pipelines ask for, says nothing at all about a broken file."""
    load = dict(type='LoadAnnotations', imdecode_backend='cv2')
    with pytest.raises(ValueError, match='leave imdecode_backend out'):
        build_dataset(tmp_path, gta5.cfg, [LOAD_IMAGE, load, PACK])


def test_label_cut_anywhere_is_an_error_or_intact(tmp_path: Path, gta5: Format) -> None:
    """No place to cut gives another exception, or labels that differ from the whole file's."""
    dataset, path = build_dataset(tmp_path, gta5.cfg), tmp_path / gta5.label
    whole, content = label_of(dataset), path.read_bytes()
    intact = 0
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        try:
            label = label_of(dataset)
        except ValueError as error:
            assert str(path) in str(error)
        else:
            np.testing.assert_array_equal(label, whole)
            intact += 1
    assert intact < 5


@pytest.mark.parametrize('offset', [6, 12, -1], ids=['header', 'data', 'length'])
def test_damaged_label_is_read_right_or_named(tmp_path: Path, layout: Format, offset: int) -> None:
    """A flipped byte in the pixels (checksum) or in their length never gives wrong labels."""
    dataset, path = build_dataset(tmp_path, layout.cfg), tmp_path / layout.label
    whole, content = label_of(dataset), bytearray(path.read_bytes())
    content[content.find(b'IDAT') + offset] ^= 0x1F
    path.write_bytes(bytes(content))
    try:
        label = label_of(dataset)
    except ValueError as error:
        assert 'not a readable image' in str(error) and str(path) in str(error)
    else:
        assert offset == -1
        np.testing.assert_array_equal(label, whole)


def test_images_without_labels_need_none(tmp_path: Path) -> None:
    """A pipeline that reads no labels puts none into its items."""
    make_nthu(tmp_path, cities=('Rio',))
    cfg = dict(type='NTHUDataset', city='Rio', split='Train')
    item = build_dataset(tmp_path, cfg, train_pipeline(labels=False))[0]
    assert 'gt_sem_seg' not in item['data_samples']


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


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
def test_look_up(dtype: type) -> None:
    """Any table with train ids below 254."""
    ids = np.array([[0, 255, 4], [4, 0, 0]], dtype)
    train_ids = look_up(ids, {0: 7, 4: 253, 255: 255}, 'x.png')
    assert train_ids.dtype == np.uint8
    assert train_ids.tolist() == [[7, 255, 253], [253, 7, 7]]
    with pytest.raises(ValueError, match=r'x\.png holds unknown ids \[4\]; known are \[0, 255\]'):
        look_up(ids, {0: 7, 255: 255}, 'x.png')


def test_look_up_lists_ten_ids_at_most() -> None:
    """The message of a photograph stays readable."""
    with pytest.raises(ValueError) as error:
        look_up(np.arange(256, dtype=np.uint8)[None], {0: 0}, 'x.png')
    assert 'unknown ids [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];' in str(error.value)


def encode(image: np.ndarray) -> bytes:
    """PNG of an image in OpenCV's channel order."""
    return cv2.imencode('.png', image)[1].tobytes()


@pytest.mark.parametrize('channels', [3, 4])
def test_first_channel(channels: int) -> None:
    """Red, whatever the others hold, without a loss of bits."""
    blue, green, red = np.arange(3 * 20000, dtype=np.uint16).reshape(3, 100, 200)
    alpha = np.full_like(red, 65535)
    image = np.stack([blue, green, red, alpha][:channels], -1)
    ids = read_first_channel(encode(image))
    assert ids.dtype == np.uint16
    np.testing.assert_array_equal(ids, red)


@pytest.mark.parametrize(
    ('image', 'found'),
    [
        (np.zeros((4, 5), np.uint16), '1 channels of uint16'),
        (np.zeros((4, 5), np.uint8), '1 channels of uint8'),
        (np.zeros((4, 5, 3), np.uint8), '3 channels of uint8'),
        (np.zeros((4, 5, 4), np.uint8), '4 channels of uint8'),
    ],
)
def test_first_channel_of_another_format(image: np.ndarray, found: str) -> None:
    with pytest.raises(ValueError, match=f'16-bit image with several channels.*got {found};'):
        read_first_channel(encode(image))
