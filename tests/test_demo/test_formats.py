"""The street world in the files of the benchmarks: exactly those, and our readers take them."""

import cv2
import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.datasets.cityscapes import CLASSES
from mmseg_maxsquare.demo import formats
from mmseg_maxsquare.demo import street_world as sw
from mmseg_maxsquare.demo.canvas import IDS

SIZES = {name: 2 if name.startswith('nthu') else 4 for name in sw.SIZES}
CITIES = ('Rio', 'Rome', 'Taipei', 'Tokyo')
DRAWN = {CLASSES.index(name) for name in sw.DRAWN_CLASSES}
# The ids of the drawn classes, from the benchmarks' own descriptions.
CITYSCAPES_IDS = {7, 8, 11, 13, 17, 19, 20, 21, 23, 24, 26}
SYNTHIA_IDS = {
    'sky': 1, 'building': 2, 'road': 3, 'sidewalk': 4, 'fence': 5, 'vegetation': 6, 'pole': 7,
    'car': 8, 'traffic sign': 9, 'person': 10, 'traffic light': 15,
}  # fmt: skip


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'world'
    sw.write_world(folder, formats=sw.FORMATS, sizes=SIZES)
    return folder


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def read(path, kind, mode):
    """The pixels of a picture that must be of this kind."""
    with Image.open(path) as image:
        assert (image.format, image.mode, image.size) == (kind, mode, (256, 128)), path
        return np.asarray(image)


def ids_of(paths, mode='L'):
    """What label files hold."""
    paths = list(paths)
    assert paths
    return {int(i) for path in paths for i in np.unique(read(path, 'PNG', mode))}


def found(kind, **kwargs):
    """Length, and names of the classes in the labels as a data set reads them."""
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    dataset = DATASETS.build(dict(type=kind, pipeline=pipeline, **kwargs))
    ids = {int(i) for item in map(dataset.__getitem__, range(len(dataset))) for i in ids_in(item)}
    classes = dataset.metainfo['classes']
    return len(dataset), {classes[i] for i in ids - {255}}


def ids_in(item):
    assert item['img'].shape[:2] == item['gt_seg_map'].shape == (128, 256)
    return np.unique(item['gt_seg_map'])


def test_gta5_files(root):
    numbers = [f'{i:05d}.png' for i in range(1, 5)]
    for folder in (root / 'gta5', root / 'gta5_val'):
        assert names(folder) == [f'images/{name}' for name in numbers] + [
            f'labels/{name}' for name in numbers
        ]
        for name in numbers:
            read(folder / 'images' / name, 'PNG', 'RGB')


def test_gta5_labels_are_palette_pngs_of_label_ids(root):
    paths = list(root.glob('gta5*/labels/*.png'))
    assert ids_of(paths, 'P') - {1, 4} == CITYSCAPES_IDS
    for path in paths:
        with Image.open(path) as image:
            assert image.getpalette()[3 * 7 : 3 * 9] == [128, 64, 128, 244, 35, 232]
            assert image.getpalette()[3 * 26 : 3 * 27] == [0, 0, 142]


def test_cityscapes_files(root):
    stems = {
        split: [f'{split}/{town}/{town}_{i:06d}_000019' for i in range(4)]
        for split, town in formats.TOWNS.items()
    }
    images = [f'leftImg8bit/{name}_leftImg8bit.png' for name in stems['train'] + stems['val']]
    labels = [f'gtFine/{name}_gtFine_labelIds.png' for name in stems['train'] + stems['val']]
    train_ids = [f'gtFine/{name}_gtFine_labelTrainIds.png' for name in stems['val']]
    assert names(root / 'cityscapes') == sorted(images + labels + train_ids)
    for name in images:
        read(root / 'cityscapes' / name, 'PNG', 'RGB')


def test_cityscapes_labels_are_ids_and_train_ids(root):
    for split in ('train', 'val'):
        paths = (root / 'cityscapes/gtFine' / split).rglob('*_labelIds.png')
        assert ids_of(paths) - {1, 4} == CITYSCAPES_IDS
    for path in root.rglob('*_labelTrainIds.png'):
        train_ids = read(path, 'PNG', 'L')
        ids = read(path.with_name(path.name.replace('TrainIds', 'Ids')), 'PNG', 'L')
        for name in sw.DRAWN_CLASSES:
            assert np.array_equal(train_ids == CLASSES.index(name), ids == IDS[name])
        assert np.array_equal(train_ids == 255, (ids == 1) | (ids == 4))
    assert ids_of(root.rglob('*_labelTrainIds.png')) == DRAWN | {255}


def test_synthia_files(root):
    numbers = [f'{i:07d}.png' for i in range(4)]
    assert names(root / 'synthia') == [f'GT/LABELS/{name}' for name in numbers] + [
        f'RGB/{name}' for name in numbers
    ]
    for name in numbers:
        read(root / 'synthia/RGB' / name, 'PNG', 'RGB')


def test_synthia_labels_are_16_bit_with_the_class_first(root):
    seen, numbers = set(), set()
    for path in (root / 'synthia/GT/LABELS').iterdir():
        # PNG's own header: width, height, bits, colour type 2 (RGB).
        assert path.read_bytes()[16:26] == bytes([0, 0, 1, 0, 0, 0, 0, 128, 16, 2])
        labels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        assert (labels.shape, labels.dtype) == ((128, 256, 3), np.uint16)
        classes, instance = labels[..., 2], labels[..., 1]  # OpenCV: BGR
        seen |= set(np.unique(classes).tolist())
        numbers |= set(np.unique(instance).tolist())
        things = np.isin(classes, [SYNTHIA_IDS['car'], SYNTHIA_IDS['person']])
        assert np.array_equal(instance > 0, things)
    assert seen == {0, *SYNTHIA_IDS.values()}
    assert min(numbers - {0}) > 60000 and max(numbers) == 65535


def test_synthia_ids_are_its_own(tmp_path):
    ids = np.array([[IDS[name] for name in (*SYNTHIA_IDS, 'static', 'ego vehicle')]], np.uint8)
    image = np.zeros((*ids.shape, 3), np.uint8)
    formats.write_synthia(tmp_path, 'train', 0, image, ids)
    labels = cv2.imread(str(tmp_path / 'GT/LABELS/0000000.png'), cv2.IMREAD_UNCHANGED)
    assert labels[0, :, 2].tolist() == [*SYNTHIA_IDS.values(), 0, 0]


def test_instances_are_numbered():
    ids = np.zeros((3, 7), np.uint8)
    ids[0, :2] = ids[2, 4:] = IDS['car']
    ids[0, 2:4] = IDS['person']
    numbers = formats.instances(ids)
    assert numbers.dtype == np.uint16
    assert numbers.tolist() == [
        [65535, 65535, 65533, 65533, 0, 0, 0],
        [0] * 7,
        [0, 0, 0, 0, 65534, 65534, 65534],
    ]


@pytest.mark.parametrize('city', CITIES)
def test_nthu_files(root, city):
    kind, suffix = ('JPEG', '.jpg') if city == 'Tokyo' else ('PNG', '.png')
    train, test = (
        [f'pano_0000{i}_0_{angle}' for i in range(2)] for angle in (0, 180)
    )  # fmt: skip
    assert names(root / 'nthu' / city) == [
        *(f'Images/Test/{name}{suffix}' for name in test),
        *(f'Images/Train/{name}{suffix}' for name in train),
        *(f'Labels/Test/{name}_eval.png' for name in test),
        'List/test.txt',
        'List/train.txt',
    ]
    for path in (root / 'nthu' / city / 'Images').rglob('*.*'):
        read(path, kind, 'RGB')
    for split, listed in (('train', train), ('test', test)):
        text = (root / 'nthu' / city / 'List' / f'{split}.txt').read_text()
        assert text == ''.join(f'{name}\n' for name in listed)


def test_nthu_labels_are_ids_of_its_classes(root):
    assert ids_of(root.glob('nthu/*/Labels/Test/*_eval.png')) == {0, *CITYSCAPES_IDS - {13, 17}}
    assert {path.name for path in (root / 'nthu').iterdir()} == set(CITIES)


def test_jpeg_is_close_to_the_scene(root):
    image, _ = sw.draw_scene(
        np.random.default_rng([0, list(sw.SIZES).index('nthu/Tokyo/Test'), 0]), sw.GAPS['Tokyo']
    )
    stored = read(root / 'nthu/Tokyo/Images/Test/pano_00000_0_180.jpg', 'JPEG', 'RGB')
    assert np.abs(stored.astype(int) - image).mean() < 4


def test_our_data_sets_read_all_formats(root):
    drawn = set(sw.DRAWN_CLASSES)
    for folder in ('gta5', 'gta5_val'):
        assert found('GTA5Dataset', data_root=str(root / folder)) == (4, drawn)
    assert found('SYNTHIADataset', data_root=str(root / 'synthia')) == (4, drawn)
    for split in ('train', 'val'):
        prefix = dict(img_path=f'leftImg8bit/{split}', seg_map_path=f'gtFine/{split}')
        cfg = dict(data_root=str(root / 'cityscapes'), data_prefix=prefix)
        assert found('CityscapesLabelIdDataset', **cfg) == (4, drawn)
    classes = set()
    for city in CITIES:
        length, some = found('NTHUDataset', data_root=str(root / 'nthu'), city=city, split='Test')
        assert length == 2
        classes |= some
    assert classes == drawn - {'fence', 'pole'}


@pytest.mark.parametrize('city', CITIES)
def test_our_nthu_reads_the_unlabelled_images(root, city):
    cfg = dict(type='NTHUDataset', data_root=str(root / 'nthu'), city=city, split='Train')
    dataset = DATASETS.build(dict(**cfg, pipeline=[dict(type='LoadImageFromFile')]))
    assert [item['img'].shape for item in map(dataset.__getitem__, range(len(dataset)))] == [
        (128, 256, 3)
    ] * 2
