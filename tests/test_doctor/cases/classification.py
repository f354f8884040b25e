"""Clean data of image classifiers, and faults in them."""

from pathlib import Path

from mmengine.config import Config

from .base import FORMATS, RNG, build_cfg, cut, fault
from tests.helpers.tiny_data import make_office31, save_image, train_pipeline
from tests.helpers.tiny_models import MAX_SQUARE, backbone_cfg

CROP = dict(type='RandomCrop', crop_size=(16, 16))
LOAD = dict(type='LoadImageFromFile')
PACK = dict(type='PackClassInputs')
END = dict(type='InverseDecayLR', by_epoch=False)


def classifier_cfg(root: Path, parts: list[dict], classes: int) -> Config:
    """A config as the repository's are, with a tiny network."""
    cfg = build_cfg(root, *parts, classes)
    preprocessor = dict(type='SegDataPreProcessor', mean=[128] * 3, std=[64] * 3, size_divisor=1)
    cfg.model = dict(
        type='UDAImageClassifier',
        backbone=backbone_cfg(),
        in_channels=16,
        num_classes=classes,
        data_preprocessor=preprocessor,
        target_loss=MAX_SQUARE,
    )
    cfg.val_evaluator = dict(type='ClassAccuracyMetric')
    return cfg


def office31(root: Path) -> Config:
    """Amazon to Webcam."""
    make_office31(root / 'office')
    both = dict(type='Office31Dataset', data_root=str(root / 'office'), pipeline=[LOAD, CROP, PACK])
    parts = [dict(both, domain=domain) for domain in ('amazon', 'webcam', 'webcam')]
    return classifier_cfg(root, parts, 31)


def digits(root: Path) -> Config:
    """One half of a set to the other: images that lie in no files."""
    both = dict(type='DigitsDataset', name='uci', pipeline=[PACK])
    parts = [dict(both, split=split) for split in ('train', 'test', 'test')]
    return classifier_cfg(root, parts, 10)


FORMATS.update(office31=office31, digits=digits)


@fault('office31', 'error', 'source.data_prefix.img_path', 'no folder', 'office/Amazon/images?')
def domain_in_capitals(root: Path, cfg: Config) -> None:
    (root / 'office/amazon').rename(root / 'office/Amazon')


@fault('office31', 'error', 'webcam/images/mug/frame_0001.jpg', 'truncated after')
def cut_photograph(root: Path, cfg: Config) -> None:
    cut(root / 'office/webcam/images/mug/frame_0001.jpg')


@fault('office31', 'error', 'dataset.source', 'holds zebra, none of the 31 classes')
def folder_of_no_class(root: Path, cfg: Config) -> None:
    save_image(root / 'office/amazon/images/zebra/frame_0001.jpg', (24, 32), RNG)


@fault('office31', 'error', 'dataset.source', 'no image of 1 of 31 classes (mug)')
def class_without_images(root: Path, cfg: Config) -> None:
    (root / 'office/amazon/images/mug/frame_0001.jpg').unlink()


@fault('office31', 'warning', 'amazon/images', '31 of the 2817 images')
def few_photographs(root: Path, cfg: Config) -> None:
    pass


@fault('office31', 'note', 'val_dataloader.dataset', '31 of its images', 'without their classes')
def scored_on_the_target(root: Path, cfg: Config) -> None:
    pass


@fault('office31', 'error', 'model.num_classes', '30, but the data sets have 31 classes')
def classifier_of_30_classes(root: Path, cfg: Config) -> None:
    cfg.model.num_classes = 30


@fault('office31', 'error', 'model', 'fails', 'the backbone gives [(16,)]')
def wrong_channels_of_the_classifier(root: Path, cfg: Config) -> None:
    cfg.model.in_channels = 7


@fault('office31', 'error', 'dataset.source.pipeline', 'gives no labels')
def packed_as_segmentation(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.pipeline = train_pipeline(labels=False)


@fault(
    'digits', 'error', 'checkpoint.save_best', 'available: aAcc, mAcc, and by class Acc.0, Acc.1'
)
def best_by_iou_of_a_classifier(root: Path, cfg: Config) -> None:
    cfg.default_hooks.checkpoint.save_best = 'mIoU'


@fault('digits', 'error', 'val_evaluator', 'subsets.top: ', 'list.txt: No such file')
def list_of_a_subset_missing(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subsets = dict(top=str(root / 'list.txt'))


@fault('digits', 'warning', 'param_scheduler.end', 'the rate stays the same from step 3 on')
def annealing_that_ends_early(root: Path, cfg: Config) -> None:
    cfg.param_scheduler = dict(END, end=3)


@fault('digits', 'error', 'param_scheduler.0', 'alpha and beta must be at least 0')
def annealing_upwards(root: Path, cfg: Config) -> None:
    cfg.param_scheduler = [dict(END, alpha=-1.0)]
