"""Faults of config fields, of checkpoints and of the work dir."""

from pathlib import Path

import torch
from mmengine.config import Config

from .base import CITY_VAL, POLY, cut, fault
from tests.helpers.tiny_data import train_pipeline


@fault('nthu', 'error', 'dataset.target', "city must be one of ('Rio'", "got 'Berlin'")
def unknown_city(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.city = 'Berlin'


@fault('gta', 'error', 'dataset.source', 'GTADataset is not in the', 'Did you mean GTA5Dataset?')
def unknown_data_set(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.type = 'GTADataset'


@fault('gta', 'error', 'train_dataloader.dataset.target', 'only the source data set has', 'terrain')
def target_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.num_classes = 16


@fault('gta', 'error', 'model.decode_head.num_classes', '16, but the data sets have 19')
def head_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.num_classes = 16


@fault('gta', 'error', 'model.auxiliary_head.num_classes', '16, but the data sets have 19')
def low_head_of_16_classes(root: Path, cfg: Config) -> None:
    cfg.model.auxiliary_head.num_classes = 16


@fault('gta', 'error', 'decode_head.loss_decode.class_weight', '3 weights for 19 classes')
def class_weights(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.loss_decode.class_weight = [1.0, 1.0, 2.0]


@fault('gta', 'error', 'model.decode_head', 'fails', 'the backbone gives')
def wrong_channels(root: Path, cfg: Config) -> None:
    cfg.model.decode_head.in_channels = 7


@fault('gta', 'error', 'model', 'guidance trains an auxiliary head')
def guidance_without_low_head(root: Path, cfg: Config) -> None:
    del cfg.model['auxiliary_head']


@fault('gta', 'error', 'model.data_preprocessor', 'fails on a training batch')
def two_sizes_of_the_preprocessor(root: Path, cfg: Config) -> None:
    cfg.model.data_preprocessor.update(size=(16, 16), size_divisor=4)


@fault('gta', 'error', 'val_evaluator.subsets.few', "names ['lorry']")
def unknown_subset(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subsets = dict(few=['road', 'lorry'])


@fault('gta', 'error', 'val_evaluator', 'SubsetIoU is not in', 'Did you mean SubsetIoUMetric?')
def unknown_evaluator(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.type = 'SubsetIoU'


@fault('gta', 'error', 'val_evaluator.metrics.0', 'cannot be built', "called ['mIoU']")
def field_of_the_evaluator(root: Path, cfg: Config) -> None:
    cfg.val_evaluator = dict(metrics=[dict(type='SubsetIoUMetric', subsets=dict(mIoU=['road']))])


@fault('gta', 'error', 'val_evaluator', 'SubsetIoUMetric does not know subset; it knows subsets')
def misspelt_field_of_the_evaluator(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subset = dict(few=['road'])


@fault('gta', 'error', 'checkpoint.save_best', 'no metric mIoU15; available: aAcc, mIoU, mAcc, few')
def best_by_no_metric(root: Path, cfg: Config) -> None:
    cfg.val_evaluator.subsets = dict(few=['road'])
    cfg.default_hooks.checkpoint.update(type='OracleCheckpointHook', save_best='mIoU15')


@fault('gta', 'error', 'checkpoint.save_best', 'no metric IoU.lorry', 'by class IoU.road')
def best_by_no_class(root: Path, cfg: Config) -> None:
    cfg.default_hooks.checkpoint.update(save_best=['mIoU', 'IoU.lorry'], rule='greater')


@fault('gta', 'error', 'default_hooks.checkpoint', "save_best='auto' names no metric")
def best_by_anything(root: Path, cfg: Config) -> None:
    cfg.default_hooks.checkpoint.update(type='OracleCheckpointHook', save_best='auto')


@fault('gta', 'error', 'custom_hooks.0', 'cannot be built', 'must be at least 0')
def field_of_a_hook(root: Path, cfg: Config) -> None:
    cfg.custom_hooks = [dict(type='UDAHook', interval=0)]


@fault('gta', 'error', 'optim_wrapper.optimizer.lr', "is '2.5e-4' (str), expected a number")
def rate_in_quotes(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.lr = '2.5e-4'


@fault('gta', 'error', 'optim_wrapper.optimizer.type', 'SDG is not in', 'Did you mean SGD?')
def unknown_optimizer(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.type = 'SDG'


@fault('gta', 'error', 'optim_wrapper', 'cannot be built', 'momentun')
def field_of_the_optimizer(root: Path, cfg: Config) -> None:
    cfg.optim_wrapper.optimizer.momentun = 0.9


@fault('gta', 'error', 'optim_wrapper.optimizer', 'is None, expected dict')
def no_optimizer(root: Path, cfg: Config) -> None:
    del cfg.optim_wrapper['optimizer']


@fault('gta', 'warning', 'param_scheduler.1.end', 'the rate stays at 0.0 from step 3 on')
def rate_that_ends_early(root: Path, cfg: Config) -> None:
    warm_up = dict(type='LinearLR', begin=0, end=2, by_epoch=False)
    cfg.param_scheduler = [warm_up, {**POLY, 'begin': 2, 'end': 3}]


@fault('gta', 'warning', 'param_scheduler.end', 'the schedule is cut off after 4 of 10 steps')
def rate_that_is_cut_off(root: Path, cfg: Config) -> None:
    cfg.param_scheduler = {**POLY, 'end': 11}


@fault('gta', 'error', 'train_dataloader.sampler', 'UDADataset needs its own')
def stock_sampler(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.sampler.type = 'InfiniteSampler'


@fault('gta', 'error', 'dataset.target.pipeline', 'cat_max_ratio=0.75')
def crop_by_class_on_the_target(root: Path, cfg: Config) -> None:
    crop = dict(type='RandomCrop', crop_size=(8, 8), cat_max_ratio=0.75)
    cfg.train_dataloader.dataset.target.pipeline = train_pipeline(crop, labels=False)


@fault('gta', 'error', 'dataset.source.pipeline', 'gives no labels')
def source_without_labels(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.pipeline = train_pipeline(labels=False)


@fault('gta', 'error', 'val_dataloader.dataset.pipeline', 'labels of size (16, 16)')
def resized_val_labels(root: Path, cfg: Config) -> None:
    resize = dict(type='Resize', scale=(16, 16), keep_ratio=False)
    cfg.val_dataloader.dataset.pipeline = train_pipeline(resize)


@fault('camvid', 'note', 'dataset.target.pipeline', 'which UDADataset drops')
def labelled_target(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.pipeline = train_pipeline()


@fault('gta', 'warning', 'val_dataloader.dataset', 'are also in train_dataloader.dataset.target')
def trains_on_val(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.target.data_prefix = dict(CITY_VAL)


@fault('gta', 'warning', 'dataset.target', 'are also in train_dataloader.dataset.source')
def target_is_source(root: Path, cfg: Config) -> None:
    source = cfg.train_dataloader.dataset.source
    cfg.train_dataloader.dataset.target = dict(source, pipeline=train_pipeline(labels=False))


@fault('gta', 'warning', 'load_from', 'no file nothing.pth')
def missing_checkpoint(root: Path, cfg: Config) -> None:
    cfg.load_from = 'nothing.pth'


@fault('gta', 'error', 'load_from', 'have another shape', 'conv_seg.weight is (16, 8, 1, 1)')
def checkpoint_of_16_classes(root: Path, cfg: Config) -> None:
    from mmseg.registry import MODELS

    other = Config(cfg.to_dict()).model
    other.decode_head.num_classes = other.auxiliary_head.num_classes = 16
    torch.save(dict(state_dict=MODELS.build(other).state_dict()), root / 'source.pth')
    cfg.load_from = str(root / 'source.pth')


@fault('gta', 'warning', 'model.backbone.pretrained', 'no file weights.pth')
def missing_weights(root: Path, cfg: Config) -> None:
    cfg.model.backbone = dict(type='DeepLabV2ResNet', depth=18, pretrained='weights.pth')
    cfg.model.backbone.update(stem_channels=8, base_channels=8)
    cfg.model.decode_head.update(in_index=1, in_channels=16)


@fault('gta', 'error', 'model.backbone.pretrained', 'is not a readable weight file')
def damaged_weights(root: Path, cfg: Config) -> None:
    missing_weights(root, cfg)
    cfg.model.backbone.pretrained = str(root / 'weights.pth')
    (root / 'weights.pth').write_text('no weights')


@fault('gta', 'error', 'load_from', 'cannot be read')
def damaged_checkpoint(root: Path, cfg: Config) -> None:
    torch.save(dict(state_dict=dict(a=torch.zeros(1000))), root / 'source.pth')
    cut(root / 'source.pth')
    cfg.load_from = str(root / 'source.pth')


@fault('gta', 'error', 'work', 'GB free; the run writes about')
def full_disk(root: Path, cfg: Config) -> None:
    cfg.train_cfg.max_iters = 10**12
    cfg.default_hooks.checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=1)


@fault('gta', 'warning', 'work', 'already holds checkpoints of a run: iter_2.pth')
def used_work_dir(root: Path, cfg: Config) -> None:
    (root / 'work').mkdir()
    (root / 'work/iter_2.pth').touch()


@fault('gta', 'error', 'val_evaluator', 'missing')
def no_evaluator(root: Path, cfg: Config) -> None:
    cfg.pop('val_evaluator')


@fault('gta', 'error', 'val_dataloader.persistent_workers', 'num_workers is 0')
def persistent_without_workers(root: Path, cfg: Config) -> None:
    cfg.val_dataloader.persistent_workers = True


@fault('gta', 'error', 'model.type', 'EncoderDecoder trains on one domain')
def plain_model_on_pairs(root: Path, cfg: Config) -> None:
    cfg.model.type = 'EncoderDecoder'
    del cfg.model['guidance'], cfg.model['target_loss']


@fault('gta', 'error', 'source.data_prefix.img_path', "holds only ['seg_map_path']")
def half_of_data_prefix(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.data_prefix = dict(seg_map_path='labels')


@fault('gta', 'error', 'train_dataloader', '8 images give no batch of 9')
def endless_sampler_without_a_batch(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.update(batch_size=9, drop_last=True)


@fault('gta', 'error', 'train_dataloader.dataset.source', 'must implement `get_cat_ids`')
def wrapper_that_does_not_fit(root: Path, cfg: Config) -> None:
    pair = cfg.train_dataloader.dataset
    pair.source = dict(type='ClassBalancedDataset', oversample_thr=0.1, dataset=pair.source)


@fault('gta', 'error', 'dataset.source.pipeline', "gives ['gt_seg_map', 'img'")
def mosaic_that_packs_nothing(root: Path, cfg: Config) -> None:
    pair = cfg.train_dataloader.dataset
    inner = {**pair.source, 'pipeline': pair.source.pipeline[:-1]}
    steps = [dict(type='RandomMosaic', prob=1.0, img_scale=(24, 32))]
    pair.source = dict(type='MultiImageMixDataset', dataset=inner, pipeline=steps)


@fault('gta', 'error', 'val_dataloader.batch_sampler.type', 'is not in the sampler registry')
def unknown_batch_sampler(root: Path, cfg: Config) -> None:
    cfg.val_dataloader.batch_sampler = dict(type='AspectRatioBatchSampler')


@fault('gta', 'error', 'visualizer.vis_backends.0', 'needs the package aim')
def backend_that_is_not_installed(root: Path, cfg: Config) -> None:
    backends = [dict(type='AimVisBackend')]
    cfg.visualizer = dict(type='SegLocalVisualizer', vis_backends=backends)


@fault('gta', 'error', 'default_hooks.checkpoint.by_epoch', 'but the loop counts steps')
def checkpoints_by_epoch(root: Path, cfg: Config) -> None:
    del cfg.default_hooks.checkpoint['by_epoch']


@fault('gta', 'warning', 'train_dataloader.dataset', 'makes labels of filled pixels 0, which is')
def rotation_of_a_stock_data_set(root: Path, cfg: Config) -> None:
    # Rotated labels hold mixed ids too, with which a first step may fail.
    step = dict(type='RandomRotFlip', rotate_prob=0.01)
    val = cfg.val_dataloader.dataset.to_dict()
    prefix = dict(img_path='leftImg8bit/val', seg_map_path='gtFine/val')
    cfg.train_dataloader.dataset = dict(
        type='CityscapesDataset',
        data_root=val['data_root'],
        data_prefix=prefix,
        pipeline=train_pipeline(step),
    )
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler')
    for name in ('target_loss', 'guidance'):
        cfg.model.pop(name, None)
    cfg.model.type = 'EncoderDecoder'
    cfg.model.data_preprocessor.update(type='SegDataPreProcessor', size_divisor=8)


@fault('gta', 'warning', 'test_dataloader.dataset.data_root', 'only `test` reads it')
def test_folder_is_missing(root: Path, cfg: Config) -> None:
    cfg.test_dataloader = dict(cfg.val_dataloader.to_dict())
    cfg.test_dataloader.dataset.data_root = str(root / 'nowhere')
    cfg.test_cfg, cfg.test_evaluator = dict(type='TestLoop'), cfg.val_evaluator
