"""Faults of methods with networks of their own, and of self-training."""

import json
from pathlib import Path

import numpy as np

from .base import SOURCE, Place, fault, fields

OPTIMIZERS = dict(
    constructor='MethodOptimWrapperConstructor',
    optimizer=dict(type='SGD', lr=0.1),
    methods=dict(optimizer=dict(type='Adam', lr=1e-4)),
)
ADVERSARIAL = dict(type='AdaptSegNet', weights=dict(decode_head=0.001))


def with_methods(*methods: dict, **more: object) -> dict:
    return {'model.methods': list(methods), 'optim_wrapper': OPTIMIZERS, **more}


fields(
    'model.methods.<n>: the model has no <head>, but <heads>',
    weight_of_no_head=with_methods(dict(ADVERSARIAL, weights=dict(head=0.001))),
)
fields(
    'model.methods.<n>: weights.<head> must be a number of at least 0, got <value>',
    negative_weight=with_methods(dict(ADVERSARIAL, weights=dict(decode_head=-1))),
    weight_in_quotes=with_methods(dict(ADVERSARIAL, weights=dict(decode_head='a'))),
)
fields(
    'model.methods.<n>: <type> is there twice; leave one out',
    method_twice=with_methods(ADVERSARIAL, ADVERSARIAL),
)
fields(
    'optim_wrapper: cannot be built: methods.optimizer: missing; give one, such as <example>',
    no_optimizer_of_the_networks={
        'model.methods': [ADVERSARIAL],
        'optim_wrapper': dict(OPTIMIZERS, methods={}),
    },
)
fields(
    'model.methods: the first training step fails: <type> compares both domains, but the '
    'data set has no source; give train_dataloader.dataset.source, or leave the method out',
    method_without_a_source={**with_methods(dict(type='CrossCity')), SOURCE: None},
)
fields(
    '<data set>.pipeline: gives images of <size> pixels, but the discriminator of <type> needs at '
    'least <size>; use larger images or crops',
    images_too_small_to_judge=with_methods(ADVERSARIAL),
)
fields(
    'model.methods.<n>: moving is <classes>, but the model has <n> classes, numbered from 0; '
    'correct it',
    moving_class_that_the_model_lacks=with_methods(dict(type='CrossCity', moving=[99])),
)
fields(
    'train_dataloader.dataset.target: <data set>: LoadStaticMask.folder: no folder <folder>; '
    'correct the fields of this data set',
    no_static_masks={
        'train_dataloader.dataset.target.pipeline': [
            dict(type='LoadImageFromFile'),
            dict(type='LoadStaticMask', folder='nowhere'),
            dict(type='PackSegInputs'),
        ]
    },
)


@fault('static mask <file> not found (of image <file>)')
def no_static_mask_of_an_image(place: Place) -> None:
    load, pack = dict(type='LoadImageFromFile'), dict(type='PackSegInputs')
    masks = dict(type='LoadStaticMask', folder=str(place.root))
    place.cfg.train_dataloader.dataset.target.pipeline = [load, masks, pack]


def self_trained(place: Place, **changes: object) -> None:
    """Turn the run into self-training, with other values of some fields."""
    cfg, load = place.cfg, dict(type='LoadImageFromFile')
    pair, pack = cfg.train_dataloader.dataset, dict(type='PackSegInputs')
    dataset = dict(
        type='SelfTrainingDataset',
        source=pair.source,
        target=dict(pair.target, pipeline=[load, dict(type='LoadPseudoLabels'), pack]),
        labelling_pipeline=[load, pack],
    )
    cfg.train_dataloader.dataset = dataset
    cfg.model.update(type='EncoderDecoder', target_loss=None, guidance=None)
    for field in ('target_loss', 'guidance'):
        cfg.model.pop(field)
    cfg.train_cfg = dict(
        type='SelfTrainingLoop', rounds=1, round_iters=3, portion=0.2, val_interval=3
    )
    cfg.merge_from_dict(changes)


def loop_fault(message: str, name: str, **changes: object) -> None:
    def plant(place: Place) -> None:
        self_trained(place, **changes)

    plant.__name__ = name
    fault(message)(plant)


loop_fault(
    'train_cfg.<field>: must lie in (0, 1], got <value>; correct it',
    'portion_of_nothing',
    **{'train_cfg.portion': 0},
)
loop_fault(
    'train_cfg.<field>: must be a whole number of at least <n>, got <value>; correct it',
    'rounds_in_quotes',
    **{'train_cfg.rounds': 'two'},
)
loop_fault(
    'train_cfg.<field>: is <value>, above train_cfg.<field>=<value>; raise the latter',
    'portion_above_the_most',
    **{'train_cfg.portion': 0.9},
)
loop_fault(
    'round <n> of <n>: no class has enough pixels for a threshold: the most have <n>, and '
    'train_cfg.portion is <value>; raise it',
    'portion_of_no_pixel',
    **{'train_cfg.portion': 1e-9, 'model.data_preprocessor.size_divisor': 1},
)
loop_fault(
    'train_cfg.select: <n> images, but the target has <n>; choose fewer, or leave it out for all',
    'more_images_than_there_are',
    **{'train_cfg.select': 99},
)
loop_fault(
    'train_cfg.type: is <type>, but train_dataloader.dataset is a SelfTrainingDataset; set it to '
    "'SelfTrainingLoop'",
    'another_loop',
    train_cfg=dict(_delete_=True, type='ResumableTrainLoop', max_iters=3, val_interval=3),
)
loop_fault(
    'train_dataloader.dataset.<field>: <type> changes images at random or in part, but labels are '
    'made for the whole image; leave it out',
    'labels_of_a_crop',
    **{
        'train_dataloader.dataset.labelling_pipeline': [
            dict(type='LoadImageFromFile'),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackSegInputs'),
        ]
    },
)
loop_fault(
    'train_dataloader.dataset.target.pipeline: no LoadPseudoLabels; put it behind the image loader',
    'no_pseudo_labels',
    **{
        'train_dataloader.dataset.target.pipeline': [
            dict(type='LoadImageFromFile'),
            dict(type='PackSegInputs'),
        ]
    },
)


@fault('<file>: found <what>, expected <what>; move it away to have it counted again')
def prior_of_other_classes(place: Place) -> None:
    load, labels = dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')
    pipeline = [load, labels, dict(type='PackSegInputs')]
    self_trained(place, **{'train_dataloader.dataset.prior_pipeline': pipeline})
    path = Path(place.cfg.work_dir, 'self_training/prior.npz')
    path.parent.mkdir(parents=True)
    np.savez(path, prior=np.ones((2, 4, 4)) / 16, key=json.dumps(dict(classes=['a', 'b'])))
