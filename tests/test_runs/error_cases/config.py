"""Faults of the command line, of config fields and class counts."""

from .base import SOURCE, TARGET, Place, fault, fields
from .weights import save_checkpoint
from tests.helpers.tiny_models import head_cfg

NO_CONFIG = 'config: no file <file> and no shipped config of that name; '


@fault(f'{NO_CONFIG}list them with: mmseg-maxsquare configs', 'train nowhere.py')
def no_config(here: Place) -> None:
    pass


@fault('config: <file> cannot be read: <reason>', 'train broken.py')
def broken_config(here: Place) -> None:
    (here.root / 'broken.py').write_text('model = dict(')


@fault(
    '--cfg-options: a field does not fit the config: <reason>',
    'train CONFIG --cfg-options param_scheduler.7.end=1',
)
def option_of_nothing(here: Place) -> None:
    pass


@fault('--amp needs a GPU, and none is available; leave it out', 'train CONFIG --amp')
def amp_on_cpu(here: Place) -> None:
    here.patch.setattr('mmseg_maxsquare.runs.train.get_device', lambda: 'cpu')


@fault('--amp: <GPU> has no bfloat16; use --amp float16', 'train CONFIG --amp bfloat16')
def amp_on_an_old_gpu(here: Place) -> None:
    here.patch.setattr('mmseg_maxsquare.runs.train.get_device', lambda: 'cuda')
    here.patch.setattr('torch.cuda.is_bf16_supported', lambda: False)
    here.patch.setattr('torch.cuda.get_device_name', lambda: 'Tesla V100')


@fault('--tta: the config has no tta_pipeline and tta_model', 'test CONFIG source.pth --tta')
def no_tta_pipeline(here: Place) -> None:
    save_checkpoint(here)


@fault(
    '--show and --show-dir draw on the original images, but the evaluation protocol keeps '
    'predictions at the size of the network input; use --out, or the config with the protocol '
    'full_resolution',
    'test CONFIG source.pth --show-dir drawn',
)
def drawn_at_network_input(here: Place) -> None:
    save_checkpoint(here)
    step = dict(type='EvaluationProtocol', name='network_input')
    here.cfg.test_dataloader.dataset.pipeline.insert(-1, step)
    here.cfg.default_hooks.visualization = dict(type='SegVisualizationHook')


@fault(
    '--show and --show-dir draw segmentations; this config has none, use --out',
    'test CONFIG source.pth --show-dir drawn',
)
def nothing_that_draws(here: Place) -> None:
    save_checkpoint(here)


fields(
    '<field>: missing; the config has <fields>; <loop> needs all of <fields>',
    no_evaluator=dict(val_evaluator=None),
)
fields(
    'train_dataloader.sampler: <type>, but a UDADataset needs its own; set '
    "train_dataloader.sampler=dict(type='UDASampler')",
    stock_sampler={'train_dataloader.sampler.type': 'InfiniteSampler'},
)
fields(
    'model.type: <type> trains on <domains>, but train_dataloader.dataset is <type>; use '
    "type='UDAEncoderDecoder' (or UDAImageClassifier) with a UDADataset, another model with a "
    'plain data set',
    plain_model={'model.type': 'EncoderDecoder'},
)
fields(
    'train_cfg: counts epochs, but UDASampler never ends one; count steps: '
    "train_cfg=dict(type='ResumableTrainLoop', max_iters=STEPS)",
    endless_epoch={
        'train_cfg': dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=1),
    },
    endless_epoch_without_type={'train_cfg': dict(_delete_=True, by_epoch=True, max_epochs=1)},
)
fields(
    "<loader>.sampler: <type> never ends; set it to dict(type='DefaultSampler', shuffle=False)",
    endless_validation={'val_dataloader.sampler': dict(type='InfiniteSampler')},
)
fields(
    '<field>: <n>, expected at least 1; <remedy>',
    no_step={'train_cfg.max_iters': 0},
    validation_of_no_interval={'train_cfg.val_interval': 0},
)
fields(
    'train_cfg.val_begin: <n> is above <field>=<n>: the run would never be validated; set it to '
    'at most <n>, or leave val_dataloader, val_cfg, val_evaluator out',
    late_validation={'train_cfg.val_begin': 4},
)
fields(
    '<hook>.by_epoch: True, which is the default, but the loop counts steps: no checkpoint before '
    'the end of the run; set <hook>.by_epoch=False, and interval to a number of steps',
    checkpoints_by_epoch={
        'default_hooks.checkpoint': dict(_delete_=True, type='CheckpointHook', interval=1)
    },
)
fields(
    '<loop> loop: <loader>: <n> images give no batch of <n>; set <loader>.drop_last=False, or a '
    'smaller batch_size',
    no_batch={'val_dataloader.batch_size': 64, 'val_dataloader.drop_last': True},
    no_batch_of_an_endless_sampler={
        'train_dataloader.batch_size': 64,
        'train_dataloader.drop_last': True,
    },
)


@fault(
    '<loader>.batch_size: <n>, but a batch norm of <part> follows a global pooling and gets one '
    'value of each channel; set <loader>.batch_size=2 or more'
)
def global_pooling_of_one_image(here: Place) -> None:
    head = head_cfg(num_classes=19, type='PSPHead', pool_scales=(1, 2))
    here.cfg.model.decode_head = {
        key: value for key, value in head.items() if key not in ('num_convs', 'concat_input')
    }


fields(
    '<part>: fails on an input of <size> (height, width) from <data set>: <reason>; the backbone '
    'gives <shapes> (channels, size); if channels differ, correct in_channels and in_index; if '
    'sizes differ, resize or pad the images to a size that the network divides (Resize, '
    'data_preprocessor.size_divisor, in tests '
    'data_preprocessor.test_cfg=dict(size_divisor=32))',
    channels_of_the_head={'model.decode_head.in_channels': 7},
)
fields(
    '<head>.ignore_index: <n>, but the ignored pixels of the data sets are 255; leave it out, or '
    'set <head>.ignore_index=255',
    ignored_class_0={'model.decode_head.ignore_index': 0},
)
fields('model: cannot be built: <reason>', no_such_backbone={'model.backbone.type': 'ResNot'})
fields(
    '<loop> loop: <reason>',
    metric_of_nothing={'val_evaluator.type': 'IoUMetrics'},
    subset_named_as_the_mean={'val_evaluator.subsets': dict(mIoU=['road'])},
)
fields(
    'SubsetIoUMetric does not know <keys>; it knows <keys>; correct the name or leave it out',
    key_of_evaluator={'val_evaluator.subset': dict(few=['road'])},
)
fields(
    'default_hooks.checkpoint.save_best: no metric <name>; available: <names>; name one of these, '
    'or leave save_best out',
    best_by_no_metric={'default_hooks.checkpoint.save_best': 'mIoU13'},
    second_best_by_no_metric={'default_hooks.checkpoint.save_best': ['mIoU', 'IoU.tram']},
)
fields(
    "the runner: save_best='auto' names no metric; name a metric such as 'mIoU'",
    best_by_anything={'default_hooks.checkpoint.save_best': 'auto'},
)

fields(
    '<field> has <n> classes, <field> <n><difference>; bring them into line with num_classes or '
    'metainfo=dict(classes=...) of the data sets',
    target_of_16_classes={f'{TARGET}.num_classes': 16},
)
fields(
    '<head>.num_classes: <n>, but the data sets have <n> classes; set <head>.num_classes=<n>, or '
    'choose other classes for the data sets',
    head_of_16_classes={'model.decode_head.num_classes': 16},
    low_head_of_16_classes={'model.auxiliary_head.num_classes': 16},
)
fields(
    '<head>.loss_decode.class_weight: <n> weights for <n> classes; give one weight per class, in '
    'the order of the classes',
    weights_of_16_classes={'model.decode_head.loss_decode.class_weight': [1.0] * 16},
)
fields(
    '<evaluator>.subsets.<name>: names <classes>; the data set has <classes>; name classes of '
    'the data set, or leave the subset out',
    subset_of_no_class={'val_evaluator.subsets': dict(mIoU1=['tram'])},
)
fields(
    '<field>: <data set>: <data set> has no classes <names>; available: <names>; correct the '
    'fields of this data set',
    unknown_class={f'{SOURCE}.metainfo': dict(classes=['road', 'tram'])},
)
