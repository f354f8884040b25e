"""Faults of data sets and scores of image classifiers."""

import shutil
import sys

import numpy as np

from .base import Place, fault
from tests.helpers.tiny_data import make_office31, save_image
from tests.helpers.tiny_models import MAX_SQUARE, backbone_cfg

LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackClassInputs')
SMALL = dict(type='Resize', scale=(32, 32), keep_ratio=False)


def classify(here: Place, parts: list[dict], classes: int) -> None:
    """Make the sound run one of a classifier: source, target and evaluated data set."""
    source, target, scored = parts
    here.cfg.train_dataloader.dataset.source = source
    here.cfg.train_dataloader.dataset.target = target
    preprocessor = dict(type='SegDataPreProcessor', mean=[128] * 3, std=[64] * 3, size_divisor=1)
    here.cfg.model = dict(
        type='UDAImageClassifier',
        backbone=backbone_cfg(),
        in_channels=16,
        num_classes=classes,
        data_preprocessor=preprocessor,
        target_loss=MAX_SQUARE,
    )
    for loop in ('val', 'test'):
        here.cfg[f'{loop}_dataloader'].dataset = scored
        here.cfg[f'{loop}_evaluator'] = dict(type='ClassAccuracyMetric')


def office31(here: Place) -> None:
    """Amazon to Webcam."""
    make_office31(here.root / 'office')
    pipeline = [LOAD, SMALL, PACK]
    both = dict(type='Office31Dataset', data_root=str(here.root / 'office'), pipeline=pipeline)
    parts = [dict(both, domain=domain) for domain in ('amazon', 'webcam', 'webcam')]
    classify(here, parts, 31)


def digits(here: Place) -> None:
    """One half of a set to the other."""
    both = dict(type='DigitsDataset', name='uci', pipeline=[SMALL, PACK])
    classify(here, [dict(both, split=split) for split in ('train', 'test', 'test')], 10)


@fault(
    '<field>: Office31Dataset: Office31Dataset: domain must be one of <names>, got <value>; '
    'correct the fields of this data set'
)
def no_such_domain(here: Place) -> None:
    office31(here)
    here.cfg.train_dataloader.dataset.source.domain = 'caltech'


@fault('Office31Dataset: no folder <folder>; expected <files> below data_root (<folder>)')
def no_folder_of_the_domain(here: Place) -> None:
    office31(here)
    shutil.rmtree(here.root / 'office/amazon')


@fault(
    'Office31Dataset: <folder> holds <names>, none of the <n> classes; move it away, or correct '
    'the name of the folder'
)
def folder_of_no_class(here: Place) -> None:
    office31(here)
    path = here.root / 'office/webcam/images/zebra/frame_0001.jpg'
    save_image(path, (24, 32), np.random.default_rng(0))


@fault(
    'Office31Dataset: <folder> has no image of <n> of <n> classes (<names>); complete the copy; '
    'expected <files> below data_root (<folder>)'
)
def class_without_images(here: Place) -> None:
    office31(here)
    shutil.rmtree(here.root / 'office/amazon/images/mug')


@fault(
    '<field>: DigitsDataset: DigitsDataset: name must be one of <names>, got <value>; correct the '
    'fields of this data set'
)
def no_such_digits(here: Place) -> None:
    digits(here)
    here.cfg.train_dataloader.dataset.target.name = 'usps'


@fault(
    '<field>: DigitsDataset: DigitsDataset: split must be one of <names>, got <value>; correct '
    'the fields of this data set'
)
def no_such_half(here: Place) -> None:
    digits(here)
    here.cfg.val_dataloader.dataset.split = 'val'


@fault(
    "DigitsDataset: <package> is not installed; pip install 'mmseg_maxsquare[digits]', or pip "
    'install <package>'
)
def package_of_the_digits_is_missing(here: Place) -> None:
    from mmseg_maxsquare.datasets.digits import READERS

    digits(here)
    READERS['uci'].cache_clear()
    here.patch.setitem(sys.modules, 'sklearn.datasets', None)


@fault('val_evaluator.subsets.<name>: <file>: <reason>')
def no_list_of_a_subset(here: Place) -> None:
    digits(here)
    here.cfg.val_evaluator.subsets = dict(top='top.txt')


@fault('subsets must not be called <names>: those are of all images')
def subset_named_as_the_accuracy(here: Place) -> None:
    no_list_of_a_subset(here)
    here.cfg.val_evaluator.subsets = dict(aAcc='top.txt')


@fault(
    'val_evaluator.subsets.<name> lists <n> images that were not evaluated, such as <image>; '
    'write the list again for this data set'
)
def list_of_other_images(here: Place) -> None:
    no_list_of_a_subset(here)
    (here.root / 'top.txt').write_text('uci/0001\nuci/0002\n')  # the latter is a training image


@fault('<field>: cannot be built: InverseDecayLR: <reason>; correct the fields of <field>')
def annealing_upwards(here: Place) -> None:
    digits(here)
    here.cfg.param_scheduler = [dict(type='InverseDecayLR', alpha=-1.0, by_epoch=False)]


@fault('<field>: cannot be built: <reason>; correct the fields of <field>')
def misspelt_field_of_the_optimizer(here: Place) -> None:
    here.cfg.optim_wrapper.optimizer.momentun = 0.9


@fault('<field>: is <value>, expected a number; set <field> to a number, without quotes')
def rate_in_quotes(here: Place) -> None:
    here.cfg.optim_wrapper.optimizer.lr = '2.5e-4'
