"""Several data sets in one ConcatDataset."""

from pathlib import Path

from mmseg.registry import DATASETS

from tests.helpers.tiny_data import make_cityscapes, make_gta5, make_synthia, train_pipeline


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


def test_with_a_data_set_of_mmseg(tmp_path: Path) -> None:
    """GTA5 with a table of ids, Cityscapes with labelTrainIds and without a table."""
    city = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
    parts = [
        dict(type='GTA5Dataset', data_root=str(make_gta5(tmp_path / 'gta5'))),
        dict(
            type='CityscapesDataset',
            data_root=str(make_cityscapes(tmp_path / 'city', labels={'train': 'labelTrainIds'})),
            data_prefix=city,
        ),
    ]
    parts = [{**part, 'pipeline': train_pipeline()} for part in parts]
    for order in (parts, parts[::-1]):
        both = DATASETS.build(dict(type='ConcatDataset', datasets=order))
        labels = [both[i]['data_samples'].gt_sem_seg.data for i in range(len(both))]
        assert all(set(label.unique().tolist()) <= {*range(19), 255} for label in labels)


def test_target_images_with_and_without_classes(tmp_path: Path) -> None:
    """Unlabelled images need no class list."""
    gta5, city = make_gta5(tmp_path / 'gta5'), make_cityscapes(tmp_path / 'city')
    pipeline = train_pipeline(labels=False)
    parts = [
        dict(type='CityscapesLabelIdDataset', data_root=str(city), pipeline=pipeline),
        dict(type='ImageFolderDataset', data_root=str(gta5 / 'images'), pipeline=pipeline),
    ]
    source = dict(type='GTA5Dataset', data_root=str(gta5), pipeline=train_pipeline())
    for order in (parts, parts[::-1]):
        target = dict(type='ConcatDataset', datasets=order)
        pair = DATASETS.build(dict(type='UDADataset', source=source, target=target))
        assert len(pair.domains['target']) == 2 + 3
        assert 'gt_sem_seg' not in pair[0]['data_samples']['target']
