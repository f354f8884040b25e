"""Faults of config fields that once ended a run only when they were first used."""

from pathlib import Path

from PIL import Image

from .base import SOURCE, Place, fault, fields
from .data import STOCK_LABEL
from .weights import save_checkpoint
from tests.helpers.tiny_data import make_cityscapes, train_pipeline

MISSPELT = 'train CONFIG --cfg-options trian_cfg.max_iters=1'


@fault('--cfg-options: the config has no field <field>; did you mean <field>?', MISSPELT)
def misspelt_option(here: Place) -> None:
    pass


@fault('config: <file> begins with a byte order mark; save it as UTF-8 without BOM', 'train bom.py')
def byte_order_mark(here: Place) -> None:
    (here.root / 'bom.py').write_text('x = 1', encoding='utf-8-sig')


@fault('test_dataloader: missing; test needs all of <fields>', 'test CONFIG source.pth')
def nothing_to_test(here: Place) -> None:
    save_checkpoint(here)
    here.cfg.merge_from_dict(dict(test_dataloader=None, test_cfg=None, test_evaluator=None))


fields(
    '<field>: is <value>, expected <kind>; look at one of the shipped configs',
    loader_without_data={'train_dataloader.dataset': None},
    two_data_roots={f'{SOURCE}.data_root': ['a', 'b']},
    sampler_by_name={'train_dataloader.sampler': 'UDASampler'},
    evaluator_by_name={'val_evaluator': 'mIoU'},
    loss_by_name={'model.decode_head.loss_decode': 'CrossEntropyLoss'},
    list_of_optimizers={'optim_wrapper': [dict(type='SGD')]},
    list_of_checkpoints={'load_from': ['a.pth']},
    hook_by_name={'custom_hooks': ['UDAHook']},
)
fields(
    '<evaluator>: is empty: nothing is scored; name a metric',
    no_metric={'val_evaluator': []},
)
NUMBER = '<field>: is <value>, expected a number; set <field> to a number, without quotes'
fields(
    NUMBER,
    interval_in_quotes={'train_cfg.val_interval': '3'},
    checkpoints_in_quotes={'default_hooks.checkpoint.max_keep_ckpts': '2'},
    batch_size_in_quotes={'train_dataloader.batch_size': '2'},
    weights_in_quotes={'model.decode_head.loss_decode.class_weight': ['1'] * 19},
    eta_min_in_quotes={'param_scheduler': [dict(type='PolyLR', eta_min='1e-4', by_epoch=False)]},
)
fields(
    'train_cfg.<field>: is <value>, expected a whole number; give a number of steps or epochs',
    length_of_80k={'train_cfg.max_iters': '80k'},
    no_interval={'train_cfg.val_interval': None},
)
fields(
    'randomness.seed: is <value>, expected a whole number from 0 to 4294967295; or leave it out '
    'for a random one',
    negative_seed={'randomness.seed': -1},
    seed_of_2_to_32={'randomness.seed': 2**32},
    seed_in_letters={'randomness.seed': 'one'},
    seed_true={'randomness.seed': True},
)
fields(
    'model.test_cfg: is <value>, expected a mode, one of whole, slide; set '
    "model.test_cfg=dict(mode='whole')",
    no_mode={'model.test_cfg': None},
    unknown_mode={'model.test_cfg': dict(mode='whole_image')},
)
fields(
    'model.test_cfg.<field>: is <value>, expected two whole numbers above 0, height and width; '
    'set <field>=(512, 512)',
    no_stride={'model.test_cfg': dict(mode='slide', crop_size=(16, 16))},
    stride_0={'model.test_cfg': dict(mode='slide', crop_size=(16, 16), stride=(0, 8))},
    one_stride={'model.test_cfg': dict(mode='slide', crop_size=(16, 16), stride=8)},
)
fields(
    'model.test_cfg.stride: <stride> is larger than crop_size=<size>: windows leave gaps; take at '
    'most the crop_size',
    wide_stride={'model.test_cfg': dict(mode='slide', crop_size=(16, 16), stride=(20, 20))},
)
DRAW = dict(type='SegVisualizationHook', draw=True)
fields(
    '<field>: <n>, expected at least 1; <remedy>',
    pictures_of_no_interval={'default_hooks.visualization': dict(DRAW, interval=0)},
)
fields(
    'visualizer.alpha: is <value>, expected a number from 0 to 1, the opacity of the classes; set '
    'it to 0.8',
    opacity_of_5={
        'default_hooks.visualization': DRAW,
        'visualizer': dict(type='SegLocalVisualizer', alpha=5),
    },
)


def no_display(here: Place) -> None:
    here.patch.setattr('sys.platform', 'linux')
    for name in ('DISPLAY', 'WAYLAND_DISPLAY'):
        here.patch.delenv(name, raising=False)


@fault(
    'default_hooks.visualization.show: True, but there is no display (DISPLAY is not set); set it '
    'to False, or use --show-dir'
)
def window_without_display(here: Place) -> None:
    no_display(here)
    here.cfg.default_hooks.visualization = dict(DRAW, show=True)


@fault(
    '--show: there is no display (DISPLAY is not set); use --show-dir',
    'test CONFIG source.pth --show',
)
def show_without_display(here: Place) -> None:
    no_display(here)
    save_checkpoint(here)
    here.cfg.default_hooks.visualization = dict(type='SegVisualizationHook')


FIRST = '<part>: the first <part of the run> fails: <reason>; correct the fields of <part>'
LOSS = 'model.decode_head.loss_decode'
fields(
    FIRST,
    loss_of_two_classes={LOSS: dict(type='FocalLoss')},
    loss_of_borders={LOSS: dict(type='BoundaryLoss')},
    one_class_weight={f'{LOSS}.class_weight': 2.0},
    one_output={'model.decode_head.out_channels': 1},
    misspelt_norm={'optim_wrapper.clip_grad': dict(maxnorm=35)},
    optimizer_with_closure={'optim_wrapper.optimizer': dict(type='LBFGS', lr=0.1)},
    optimizer_of_sparse_gradients={
        'optim_wrapper.optimizer': dict(_delete_=True, type='SparseAdam')
    },
    misspelt_metric={'val_evaluator': dict(type='IoUMetric', iou_metrics=['mIOU'])},
    two_equal_metrics={'val_evaluator': [dict(type='IoUMetric'), dict(type='IoUMetric')]},
    nan_of_text={'val_evaluator': dict(type='IoUMetric', nan_to_num='x')},
    output_nowhere={'val_evaluator': dict(type='IoUMetric', format_only=True)},
    unknown_device={'val_evaluator': dict(type='IoUMetric', collect_device='tpu')},
)
fields(
    "<pipeline>: gives no labels, which this domain needs; add dict(type='LoadAnnotations')",
    validation_without_labels={'val_dataloader.dataset.pipeline': train_pipeline(labels=False)},
)
fields(
    '<pipeline>: gives labels of size <size> for predictions of size <size>; put LoadAnnotations '
    'after Resize in test pipelines',
    validation_of_small_labels={
        'val_dataloader.dataset.pipeline': train_pipeline(dict(type='Resize', scale=(16, 12)))
    },
)


@fault('<pipeline>: PackSegInputs leaves out <fields>, which predictions need; leave meta_keys out')
def validation_without_sizes(here: Place) -> None:
    here.cfg.val_dataloader.dataset.pipeline[-1].meta_keys = ('img_path',)


@fault(
    '<loop> loop: <pipeline>: gives <fields> instead of inputs and data_samples; end it with '
    "dict(type='PackSegInputs')"
)
def validation_not_packed(here: Place) -> None:
    here.cfg.val_dataloader.dataset.pipeline.pop()


@fault(
    'optim_wrapper.type: AmpOptimWrapper needs a GPU, and none is available; set it to '
    "'OptimWrapper', or train on a machine with a GPU"
)
def amp_in_the_config(here: Place) -> None:
    here.patch.setattr('mmseg_maxsquare.runs.machine.get_device', lambda: 'cpu')
    here.cfg.optim_wrapper.type = 'AmpOptimWrapper'


def stock_validation(here: Place) -> Path:
    """Validate as mmseg reads Cityscapes; returns its last label."""
    make_cityscapes(here.root / 'stock')
    here.cfg.val_dataloader.dataset.type = 'CityscapesDataset'
    here.cfg.val_dataloader.dataset.data_root = str(here.root / 'stock')
    return sorted((here.root / 'stock/gtFine/val').rglob('*labelTrainIds.png'))[-1]


@fault(STOCK_LABEL)
def small_label_in_a_validation(here: Place) -> None:
    label = stock_validation(here)
    Image.open(label).resize((16, 12), Image.Resampling.NEAREST).save(label)


@fault(STOCK_LABEL)
def coloured_label_in_a_validation(here: Place) -> None:
    label = stock_validation(here)
    Image.open(label).convert('RGB').save(label)


def schedule(**values) -> dict:
    return {'param_scheduler': [dict(by_epoch=False, **values)]}


fields(
    '<field>: fails: <reason>; correct the fields of <field>',
    steps_of_0=schedule(type='StepLR', step_size=0),
    least_rate_of_text=schedule(type='CosineAnnealingLR', T_max=3, eta_min_ratio='a'),
)
fields(
    '<field>: unknown, and would be ignored; known: <fields>; correct the name',
    misspelt_paramwise={'optim_wrapper.paramwise_cfg': dict(custom_key=dict(head=dict(lr_mult=2)))},
)
fields(
    '<field>.type: <type> is not in the <registry> registry<hint>; correct <field>.type',
    misspelt_layer={'model.decode_head.norm_cfg': dict(type='BNN')},
)
fields(
    '<hook>.priority: is <value>, expected one of <names>; or a number from 0 to 100',
    unknown_priority={'custom_hooks': [dict(type='UDAHook', priority='HIGHER')]},
)
fields(
    '<hook>: GuardHook needs a UDAEncoderDecoder, got <type>; set model.type, or remove the hook',
    guard_of_a_plain_model={
        'custom_hooks': [dict(type='GuardHook', dataset=dict(type='ImageFolderDataset'))],
        'model.type': 'EncoderDecoder',
    },
)
fields(
    '<hook>: MatchedStrengthHook needs model.target_loss with a weight, and a source; set them, '
    'or remove the hook',
    strength_without_weight={
        'custom_hooks': [dict(type='MatchedStrengthHook', reference=dict(type='MaxSquareLoss'))],
        'model.target_loss.loss_weight': 0.0,
    },
)
