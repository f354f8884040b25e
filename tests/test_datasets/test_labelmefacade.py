"""LabelMeFacade: original colour labels, and labels of ids."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.labelmefacade import CLASSES

from tests.helpers.tiny_data import make_labelmefacade

# Written down a second time, by name, from the data set's own description.
COLOURS = dict(
    building=(128, 0, 0), car=(128, 0, 128), door=(128, 128, 0), pavement=(128, 128, 128),
    road=(128, 64, 0), sky=(0, 128, 128), tree=(0, 128, 0), window=(0, 0, 128), various=(0, 0, 0),
)  # fmt: skip
NAMES = [*COLOURS]
SIX = ['sky', 'building', 'road', 'pavement', 'tree', 'car']


def make(root: Path, mode: str = 'RGBA', **colours: tuple) -> None:
    """One image whose label shows each class in a column of its own."""
    (root / 'images').mkdir(parents=True)
    (root / 'labels').mkdir()
    shown = {**COLOURS, **colours}
    row = [(*shown[name], 255)[: len(mode)] for name in shown]
    label = np.array([row] * 4, np.uint8)
    Image.fromarray(label, mode).save(root / 'labels/a.png')
    Image.fromarray(np.zeros((4, len(row), 3), np.uint8)).save(root / 'images/a.jpg')


def build(root: Path, **kwargs) -> object:
    pipeline = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
    return DATASETS.build(
        dict(type='LabelMeFacadeDataset', data_root=str(root), pipeline=pipeline, **kwargs)
    )


def train_ids(root: Path, **kwargs) -> dict[str, int]:
    """Train id of every class of the file."""
    label = build(root, **kwargs)[0]['gt_seg_map']
    assert (label == label[0]).all()
    return dict(zip(NAMES, label[0].tolist(), strict=True))


@pytest.mark.parametrize('mode', ['RGB', 'RGBA'])
def test_colours(mode: str, tmp_path: Path) -> None:
    """Doors and windows are part of a building, various is ignored."""
    make(tmp_path, mode)
    expected = {name: SIX.index(name) for name in SIX}
    building = expected['building']
    assert train_ids(tmp_path) == expected | dict(door=building, window=building, various=255)


def test_classes_by_name(tmp_path: Path) -> None:
    make(tmp_path)
    found = train_ids(tmp_path, metainfo=dict(classes=['window', 'sky', 'building']))
    assert found == {
        **dict.fromkeys(NAMES, 255), 'window': 0, 'sky': 1, 'building': 2, 'door': 2,
    }  # fmt: skip
    assert train_ids(tmp_path, metainfo=dict(classes=list(CLASSES)))['door'] == 6


def test_merging_by_config(tmp_path: Path) -> None:
    make(tmp_path)
    found = train_ids(
        tmp_path, merge_classes=dict(pavement='road'), metainfo=dict(classes=['road'])
    )
    assert (found['pavement'], found['road'], found['door']) == (0, 0, 255)
    with pytest.raises(ValueError, match=r"merge_classes: no classes \['gate'\]; the classes: sky"):
        build(tmp_path, merge_classes=dict(gate='building'))


def test_files_of_ids_are_as_before(tmp_path: Path) -> None:
    make_labelmefacade(tmp_path)
    dataset = build(tmp_path)
    path = dataset.get_data_info(0)['seg_map_path']
    ids = np.array(Image.open(path))
    assert (dataset[0]['gt_seg_map'] == ids).all()
    assert len(dataset) == 4


def test_another_colour_is_refused(tmp_path: Path) -> None:
    make(tmp_path, extra=(1, 2, 3))
    with pytest.raises(BadFileError, match=r'labels/a.png.*\[1, 2, 3\]'):
        build(tmp_path)[0]
