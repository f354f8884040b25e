import importlib.util
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.datasets import GTA5Dataset

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'demo' / 'street_world.py'
SIZES = dict(source=4, source_val=2, target=3, target_val=4)


def load_tool():
    spec = importlib.util.spec_from_file_location('street_world', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sw = load_tool()
DRAWN = {GTA5Dataset.METAINFO['classes'].index(name) for name in sw.DRAWN_CLASSES}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'world'
    sw.write_world(folder, sizes=SIZES)
    return folder


def scenes(domain, count=8):
    return [sw.draw_scene(np.random.default_rng([1, i]), domain) for i in range(count)]


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def loaded(kind, **kwargs):
    pipeline = [dict(type='mmseg.LoadAnnotations', reduce_zero_label=False)]
    dataset = DATASETS.build(dict(type=kind, pipeline=pipeline, **kwargs))
    return [dataset[i] for i in range(len(dataset))]


def train_ids(items):
    return {int(i) for item in items for i in np.unique(item['gt_seg_map'])}


def test_files(root):
    for folder, count in (('gta5', 4), ('gta5_val', 2)):
        numbers = [f'{i:05d}.png' for i in range(1, count + 1)]
        assert names(root / folder / 'images') == names(root / folder / 'labels') == numbers
    city, town = sw.CITIES['train'], sw.CITIES['val']
    assert names(root / 'cityscapes') == [
        *(f'gtFine/val/{town}/{town}_{i:06d}_000019_gtFine_labelTrainIds.png' for i in range(4)),
        *(f'leftImg8bit/train/{city}/{city}_{i:06d}_000019_leftImg8bit.png' for i in range(3)),
        *(f'leftImg8bit/val/{town}/{town}_{i:06d}_000019_leftImg8bit.png' for i in range(4)),
    ]
    assert len(names(root)) == 2 * 4 + 2 * 2 + 3 + 2 * 4 + 1  # and world.json


def test_images_are_8_bit_rgb(root):
    for path in [*root.glob('gta5*/images/*.png'), *root.rglob('*_leftImg8bit.png')]:
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ('PNG', 'RGB', (256, 128))


def test_source_labels_are_palette_pngs_of_label_ids(root):
    found = set()
    for path in root.glob('gta5*/labels/*.png'):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ('PNG', 'P', (256, 128))
            assert image.getpalette()[3 * 7 : 3 * 9] == [128, 64, 128, 244, 35, 232]
            assert image.getpalette()[3 * 26 : 3 * 27] == [0, 0, 142]
            found |= set(np.unique(np.asarray(image)).tolist())
    assert found - {1, 4} == {7, 8, 11, 13, 17, 19, 20, 21, 23, 24, 26}


def test_target_labels_are_train_ids(root):
    found = set()
    for path in root.rglob('*_labelTrainIds.png'):
        with Image.open(path) as image:
            assert (image.format, image.mode, image.size) == ('PNG', 'L', (256, 128))
            found |= set(np.unique(np.asarray(image)).tolist())
    assert found - {255} == DRAWN == {0, 1, 2, 4, 5, 6, 7, 8, 10, 11, 13}


def test_mmseg_reads_the_source(root):
    items = loaded('mmseg.GTA5Dataset', data_root=str(root / 'gta5'))
    assert len(items) == 4
    assert train_ids(items) - {255} == DRAWN


def test_mmseg_reads_the_target(root):
    data_root = str(root / 'cityscapes')
    prefix = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')
    items = loaded('mmseg.CityscapesDataset', data_root=data_root, data_prefix=prefix)
    assert len(items) == 4
    assert train_ids(items) - {255} == DRAWN
    prefix = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
    train = dict(type='mmseg.CityscapesDataset', data_root=data_root, data_prefix=prefix)
    assert len(DATASETS.build(dict(**train, pipeline=[]))) == 3


def test_seed_decides(root, tmp_path, capsys):
    sw.write_world(tmp_path / 'same', sizes=SIZES)
    assert 'source_val: 2 images of 256 x 128' in capsys.readouterr().out
    assert names(tmp_path / 'same') == names(root)
    for name in names(root):
        assert (tmp_path / 'same' / name).read_bytes() == (root / name).read_bytes(), name
    sw.write_world(tmp_path / 'other', seed=1, sizes=SIZES)
    name = 'gta5/images/00001.png'
    assert (tmp_path / 'other' / name).read_bytes() != (root / name).read_bytes()


def test_parts_and_images_differ(root):
    pictures = [*root.glob('gta5*/images/*.png'), *root.rglob('*_leftImg8bit.png')]
    assert len({path.read_bytes() for path in pictures}) == 13


def test_every_class_in_both_domains():
    for domain in ('source', 'target'):
        ids = np.stack([labels for _, labels in scenes(domain)])
        shares = {name: (ids == sw.IDS[name]).mean() for name in sw.DRAWN_CLASSES}
        assert min(shares.values()) > 0.005, (domain, shares)
        assert 0 < (ids == sw.IDS['ego vehicle']).mean() < 0.05


def test_domains_differ():
    source, target = ([image for image, _ in scenes(name)] for name in ('source', 'target'))
    assert np.mean(source) - np.mean(target) > 10
    red, _, blue = np.mean(target, axis=(0, 1, 2)) - np.mean(source, axis=(0, 1, 2))
    assert red > blue + 10  # warmer


def test_no_gap_no_difference(monkeypatch):
    monkeypatch.setattr(sw, 'GAP', 0.0)
    for (a, ids_a), (b, ids_b) in zip(scenes('source', 2), scenes('target', 2), strict=True):
        assert np.array_equal(a, b)
        assert np.array_equal(ids_a, ids_b)


def test_image_size():
    image, ids = sw.draw_scene(np.random.default_rng(0), 'source', (128, 96))
    assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
    assert (ids.shape, ids.dtype) == ((96, 128), np.uint8)


def test_unknown_names():
    with pytest.raises(ValueError, match="'source' or 'target', got 'dusk'"):
        sw.draw_scene(np.random.default_rng(0), 'dusk')
    with pytest.raises(ValueError, match="source_val.*got .*'val'"):
        sw.write_world(Path('nowhere'), sizes=dict(val=3))


def test_a_complete_world_stays(root):
    before = {name: (root / name).stat().st_mtime_ns for name in names(root)}
    sw.write_world(root, sizes=SIZES)
    assert {name: (root / name).stat().st_mtime_ns for name in names(root)} == before
    with pytest.raises(FileExistsError, match='world'):
        sw.write_world(root, seed=1, sizes=SIZES)


def test_other_content_is_refused(tmp_path):
    (tmp_path / 'thesis.txt').write_text('mine')
    with pytest.raises(FileExistsError, match=str(tmp_path)):
        sw.write_world(tmp_path, sizes=SIZES)
    assert names(tmp_path) == ['thesis.txt']
    with pytest.raises(FileExistsError, match='thesis.txt'):
        sw.write_world(tmp_path / 'thesis.txt', sizes=SIZES)


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sw, 'SIZES', dict.fromkeys(sw.SIZES, 1))
    monkeypatch.setattr('sys.argv', ['street_world.py', str(tmp_path / 'out'), '--seed', '3'])
    sw.main()
    assert len(names(tmp_path / 'out')) == 8
    (tmp_path / 'out' / 'world.json').unlink()
    with pytest.raises(SystemExit):
        sw.main()
    assert 'delete it or name another' in capsys.readouterr().err
