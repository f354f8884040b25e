"""The generated street world: what it holds, what decides it, what it leaves alone."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from mmengine.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.demo import street_world as sw
from mmseg_maxsquare.demo.canvas import IDS
from mmseg_maxsquare.demo.scene import draw_scene

SIZES = dict.fromkeys(sw.SIZES, 1) | {'gta5/train': 2}
SMALL = dict(sizes=SIZES, image_size=(128, 64))


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """All formats."""
    folder = tmp_path_factory.mktemp('data') / 'world'
    sw.write_world(folder, formats=sw.FORMATS, **SMALL)
    return folder


@pytest.fixture
def one_gta5(tmp_path):
    """GTA5 alone."""
    sw.write_world(tmp_path / 'world', formats=['gta5'], **SMALL)
    return tmp_path / 'world'


def scenes(gap, count=8):
    return [draw_scene(np.random.default_rng([1, i]), gap) for i in range(count)]


def contents(folder):
    """Bytes and time of all files but the record, by name."""
    paths = [path for path in folder.rglob('*') if path.is_file() and path.name != 'world.json']
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in paths
    }


def pictures(folder):
    """Bytes of all files but the record, by name."""
    return {name: content for name, (content, _) in contents(folder).items()}


def test_default_world_is_gta5_and_cityscapes(root, tmp_path):
    sw.write_world(tmp_path / 'world', **SMALL)
    folders = ('gta5', 'gta5_val', 'cityscapes')
    whole = pictures(root)
    assert pictures(tmp_path / 'world') == {
        name: content for name, content in whole.items() if name.split('/')[0] in folders
    }


@pytest.mark.parametrize(
    ('number', 'part', 'colour', 'building'),
    [
        (0, 'gta5/train', (106.94, 109.39, 99.04), 0.126),
        (1, 'gta5/val', (115.37, 115.51, 104.09), 0.130),
        (2, 'cityscapes/train', (95.93, 83.50, 61.41), 0.107),
        (3, 'cityscapes/val', (108.65, 94.15, 70.85), 0.251),
    ],
)
def test_scenes_of_the_demo_stay(number, part, colour, building):
    """The README's numbers belong to them. Not bit for bit: OpenCV's versions may differ."""
    assert list(sw.SIZES)[number] == part
    image, ids = draw_scene(np.random.default_rng([0, number, 0]), sw.GAPS[part.split('/')[0]])
    assert image.mean(axis=(0, 1)) == pytest.approx(colour, abs=0.5)
    assert (ids == IDS['building']).mean() == pytest.approx(building, abs=0.003)


@pytest.mark.parametrize(
    ('name', 'number', 'gap'),
    [
        ('gta5/images/00001.png', 0, 0.0),
        ('cityscapes/leftImg8bit/val/mistham/mistham_000000_000019_leftImg8bit.png', 3, 1.0),
        ('synthia/RGB/0000000.png', 4, 0.0),
        ('nthu/Rome/Images/Test/pano_00000_0_180.png', 10, 0.7),
    ],
)
def test_part_and_place_decide_a_scene(root, name, number, gap):
    image, _ = draw_scene(np.random.default_rng([0, number, 0]), gap, SMALL['image_size'])
    with Image.open(root / name) as stored:
        assert np.array_equal(np.asarray(stored), image)


def test_seed_decides(root, tmp_path, capsys):
    sw.write_world(tmp_path / 'same', formats=sw.FORMATS, **SMALL)
    assert 'gta5/train: 2 images of 128 x 64' in capsys.readouterr().out
    assert pictures(tmp_path / 'same') == pictures(root)
    sw.write_world(tmp_path / 'other', seed=1, formats=['gta5'], **SMALL)
    other = pictures(tmp_path / 'other')
    assert not set(other.values()) & set(pictures(root).values())


def test_no_scene_twice(root):
    images = [
        content
        for name, content in pictures(root).items()
        if any(f'/{folder}/' in name for folder in ('images', 'RGB', 'leftImg8bit', 'Images'))
    ]
    assert len(set(images)) == len(images) == sum(SIZES.values())


def test_every_class_in_both_looks():
    for gap in (0.0, 1.0):
        ids = np.stack([labels for _, labels in scenes(gap)])
        shares = {name: (ids == IDS[name]).mean() for name in sw.DRAWN_CLASSES}
        assert min(shares.values()) > 0.005, (gap, shares)
        assert 0 < (ids == IDS['ego vehicle']).mean() < 0.05


def test_looks_differ():
    source, between, target = (
        np.mean([image for image, _ in scenes(gap)], axis=(0, 1, 2)) for gap in (0.0, 0.5, 1.0)
    )
    assert source.mean() - 5 > between.mean() > target.mean() + 5
    red, _, blue = target - source
    assert red > blue + 10  # warmer


def test_image_size():
    image, ids = draw_scene(np.random.default_rng(0), image_size=(128, 96))
    assert (image.shape, image.dtype) == ((96, 128, 3), np.uint8)
    assert (ids.shape, ids.dtype) == ((96, 128), np.uint8)


def test_mmseg_reads_the_default_world(root):
    """As the README's configs do: mmseg's Cityscapes with labelTrainIds."""
    data_root = str(root / 'cityscapes')
    pipeline = [dict(type='LoadAnnotations', reduce_zero_label=False)]
    for split, steps in (('val', pipeline), ('train', [])):
        prefix = dict(img_path=f'leftImg8bit/{split}', seg_map_path=f'gtFine/{split}')
        cfg = dict(type='mmseg.CityscapesDataset', data_root=data_root, data_prefix=prefix)
        dataset = DATASETS.build(dict(**cfg, pipeline=steps))
        assert len(dataset) == 1
        ids = np.unique(dataset[0].get('gt_seg_map', 0)).tolist()
        assert set(ids) <= {*range(19), 255}


def test_unknown_names():
    with pytest.raises(ValueError, match="gta5/val.*got .*'val'"):
        sw.write_world(Path('nowhere'), sizes=dict(val=3))
    with pytest.raises(ValueError, match="formats may be .*'synthia'.*got .*'camvid'"):
        sw.write_world(Path('nowhere'), formats=['gta5', 'camvid'])
    assert not Path('nowhere').exists()


def test_a_complete_world_stays(one_gta5, capsys):
    before = contents(one_gta5)
    sw.write_world(one_gta5, formats=['gta5'], **SMALL)
    assert 'is complete already' in capsys.readouterr().out
    assert contents(one_gta5) == before
    for change in (dict(seed=1), dict(sizes={**SIZES, 'nthu/Rome/Test': 2})):
        with pytest.raises(FileExistsError, match='world holds something else'):
            sw.write_world(one_gta5, formats=['gta5'], **{**SMALL, **change})
    assert contents(one_gta5) == before


def test_formats_are_added(one_gta5, root):
    before = contents(one_gta5)
    sw.write_world(one_gta5, formats=['synthia', 'synthia', 'gta5'], **SMALL)
    after = contents(one_gta5)
    assert {name: after[name] for name in before} == before
    assert {name.split('/')[0] for name in set(after) - set(before)} == {'synthia'}
    sw.write_world(one_gta5, formats=sw.FORMATS, **SMALL)
    assert pictures(one_gta5) == pictures(root)


def test_folder_of_another_origin_is_refused(one_gta5):
    """Half of a format, or the real data that somebody keeps beside the world."""
    (one_gta5 / 'nthu').mkdir()
    (one_gta5 / 'nthu' / 'thesis.txt').write_text('mine')
    before = contents(one_gta5)
    with pytest.raises(FileExistsError, match='nthu is not part of the world'):
        sw.write_world(one_gta5, formats=['synthia', 'nthu'], **SMALL)
    assert contents(one_gta5) == before


def test_half_a_format_is_refused(one_gta5, tmp_path, monkeypatch):
    write = sw.WRITERS['cityscapes']

    def write_and_stop(*args):
        write(*args)
        raise KeyboardInterrupt

    for root in (one_gta5, tmp_path / 'new'):
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setitem(sw.WRITERS, 'cityscapes', write_and_stop)
            sw.write_world(root, formats=['cityscapes'], **SMALL)
    with pytest.raises(FileExistsError, match='cityscapes is .* incomplete; delete it$'):
        sw.write_world(one_gta5, **SMALL)
    with pytest.raises(FileExistsError, match='new holds .* incomplete world; delete it or'):
        sw.write_world(tmp_path / 'new', **SMALL)
    shutil.rmtree(one_gta5 / 'cityscapes')
    sw.write_world(one_gta5, **SMALL)
    assert (one_gta5 / 'cityscapes/gtFine').is_dir()


@pytest.mark.parametrize(
    'record', ['mine', '[]', '{}', 'null', '{"seed": 0, "finished": ["gta5"]}']
)
def test_record_of_another_origin_is_refused(tmp_path, record):
    (tmp_path / 'world.json').write_text(record)
    with pytest.raises(FileExistsError, match=str(tmp_path)):
        sw.write_world(tmp_path, **SMALL)
    assert contents(tmp_path) == {}
    assert (tmp_path / 'world.json').read_text() == record


def test_other_content_is_refused(tmp_path):
    (tmp_path / 'thesis.txt').write_text('mine')
    with pytest.raises(FileExistsError, match=str(tmp_path)):
        sw.write_world(tmp_path, **SMALL)
    assert list(contents(tmp_path)) == ['thesis.txt']
    with pytest.raises(FileExistsError, match='thesis.txt'):
        sw.write_world(tmp_path / 'thesis.txt', **SMALL)


def test_command_line(tmp_path, monkeypatch):
    def call(*args):
        main(['demo', '--world', str(tmp_path / 'out'), *args])

    monkeypatch.setattr(sw, 'SIZES', dict.fromkeys(sw.SIZES, 1))
    call('--seed', '3', '--formats', 'gta5')
    assert len(contents(tmp_path / 'out')) == 4
    call('--seed', '3')
    assert {path.name for path in (tmp_path / 'out').iterdir()} == {
        *sw.FORMATS,
        'gta5_val',
        'world.json',
    }
    with pytest.raises(SystemExit, match='^error: .* delete it or name another'):
        call('--seed', '4')
    with pytest.raises(SystemExit):
        call('--formats', 'camvid')
