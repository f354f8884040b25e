"""Office-31 in its original folders."""

from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS

from mmseg_maxsquare.datasets import Office31Dataset, UDADataset

from tests.helpers.tiny_data import OFFICE31_CLASSES, make_office31, save_image

PACK = [dict(type='LoadImageFromFile'), dict(type='PackClassInputs')]


def build(root: Path, domain: str = 'dslr', pipeline: list = PACK) -> Office31Dataset:
    cfg = dict(type='Office31Dataset', domain=domain, data_root=str(root), pipeline=pipeline)
    return DATASETS.build(cfg)


def test_classes_are_the_folders_in_order() -> None:
    assert Office31Dataset.METAINFO['classes'] == OFFICE31_CLASSES
    assert len(OFFICE31_CLASSES) == 31 == len(set(OFFICE31_CLASSES))


@pytest.mark.parametrize(('domain', 'size'), [('amazon', (300, 300)), ('webcam', (432, 441))])
def test_items(tmp_path: Path, domain: str, size: tuple) -> None:
    make_office31(tmp_path, per_class=2)
    dataset = build(tmp_path, domain)
    assert len(dataset) == 62
    item = dataset[5]
    sample = item['data_samples']
    assert item['inputs'].shape == (3, *size)
    assert sample.gt_label == 2
    assert sample.img_path.endswith(f'{domain}/images/bike_helmet/frame_0002.jpg')
    assert [dataset[i]['data_samples'].gt_label for i in (0, 61)] == [0, 30]


def test_target_labels_do_not_come_through(tmp_path: Path) -> None:
    make_office31(tmp_path)
    pair = UDADataset(build(tmp_path, 'amazon'), build(tmp_path), seed=0)[3]
    assert 'gt_label' in pair['data_samples']['source']
    assert 'gt_label' not in pair['data_samples']['target']


def test_unknown_domain(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="domain must be one of .* got 'caltech'"):
        build(tmp_path, 'caltech')


def test_domain_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='no folder .*dslr/images; expected'):
        build(tmp_path)


def test_unknown_class(tmp_path: Path) -> None:
    make_office31(tmp_path)
    save_image(tmp_path / 'dslr/images/zebra/1.jpg', (9, 9), np.random.default_rng(0))
    with pytest.raises(ValueError, match='dslr/images holds zebra, none of the 31 classes'):
        build(tmp_path)


def test_class_without_images(tmp_path: Path) -> None:
    make_office31(tmp_path)
    (tmp_path / 'dslr/images/mug/frame_0001.jpg').unlink()
    with pytest.raises(FileNotFoundError, match=r'no image of 1 of 31 classes \(mug\)'):
        build(tmp_path)


def test_damaged_image_is_named(tmp_path: Path) -> None:
    make_office31(tmp_path)
    path = tmp_path / 'dslr/images/back_pack/frame_0001.jpg'
    path.write_bytes(b'no image')
    with pytest.raises(ValueError, match='frame_0001.jpg'):
        build(tmp_path)[0]
