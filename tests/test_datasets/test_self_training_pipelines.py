"""Pipelines of self-training that would make wrong labels are refused, each by its field."""

import pytest
from mmcv.transforms import LoadImageFromFile

from mmseg_maxsquare.datasets.self_training_pipelines import check_pipelines

LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackSegInputs')
LABELS, RESIZE = dict(type='LoadAnnotations'), dict(type='Resize', scale=(64, 32))
TARGET = [LOAD, dict(type='LoadPseudoLabels'), RESIZE, dict(type='RareClassCrop'), PACK]
LABELLING = [dict(type=LoadImageFromFile), RESIZE, PACK]
PRIOR = [LOAD, dict(type='mmseg.LoadAnnotations'), RESIZE, PACK]


def test_right() -> None:
    check_pipelines(TARGET, LABELLING, None)
    check_pipelines(TARGET, LABELLING, PRIOR)
    check_pipelines([LOAD, dict(type='PhotoMetricDistortion'), *TARGET[1:]], LABELLING, PRIOR)
    check_pipelines(TARGET, LABELLING, [LOAD, dict(type='LoadLabelIds'), PACK])


@pytest.mark.parametrize(
    'name', ['RandomCrop', 'RandomFlip', 'mmseg.RandomRotate', 'CenterCrop', 'Pad', 'RandomResize']
)
def test_images_must_be_whole(name: str) -> None:
    short = name.split('.')[-1]
    with pytest.raises(ValueError, match=rf'^labelling_pipeline.1: {short} changes images'):
        check_pipelines(TARGET, [LOAD, dict(type=name), PACK], None)
    with pytest.raises(ValueError, match=rf'^prior_pipeline.2: {short} changes images'):
        check_pipelines(TARGET, LABELLING, [LOAD, LABELS, dict(type=name), PACK])


def test_incomplete() -> None:
    with pytest.raises(ValueError, match='^labelling_pipeline: ends with nothing, expected Pack'):
        check_pipelines(TARGET, [], None)
    with pytest.raises(ValueError, match='^labelling_pipeline: ends with Resize, expected Pack'):
        check_pipelines(TARGET, LABELLING[:2], None)
    with pytest.raises(ValueError, match='^prior_pipeline: no step loads labels'):
        check_pipelines(TARGET, LABELLING, LABELLING)
    with pytest.raises(ValueError, match='^target.pipeline: no LoadPseudoLabels'):
        check_pipelines([LOAD, PACK], LABELLING, None)


def test_labels_must_fit_their_image() -> None:
    target = [LOAD, dict(type='RandomFlip', prob=0.5), *TARGET[1:]]
    with pytest.raises(ValueError, match='^target.pipeline.1: RandomFlip moves pixels before'):
        check_pipelines(target, LABELLING, None)
    for name in ('LoadAnnotations', 'LoadLabelIds'):
        target = [*TARGET[:2], dict(type=name), *TARGET[2:]]
        with pytest.raises(ValueError, match=f'^target.pipeline.2: {name} loads labels of the'):
            check_pipelines(target, LABELLING, None)
