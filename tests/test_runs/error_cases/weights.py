"""Faults of checkpoints and of weights."""

import os
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from .base import Place, fault


def save_checkpoint(here: Place, **changes) -> Path:
    """A checkpoint of the model with other fields."""
    cfg = Config(dict(model=here.cfg.model.to_dict()))
    cfg.merge_from_dict(changes)
    path = here.root / 'source.pth'
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()), path)
    return path


@fault(
    'load_from: no file <file>; train the source model first (configs/source_only), or name '
    'another with --cfg-options load_from=PATH'
)
def no_source_model(here: Place) -> None:
    here.cfg.load_from = 'nothing.pth'


@fault(
    'checkpoint: no file <file>; a training run writes them to its work dir',
    'test CONFIG nothing.pth',
)
def no_checkpoint(here: Place) -> None:
    pass


@fault('load_from: <file> cannot be read (<error>): it is truncated, damaged or not a checkpoint')
def truncated_checkpoint(here: Place) -> None:
    path = save_checkpoint(here)
    path.write_bytes(path.read_bytes()[:-200])
    here.cfg.load_from = str(path)


@fault('checkpoint: <file> is refused, since it may run code: <finding>', 'test CONFIG source.pth')
def checkpoint_with_code(here: Place) -> None:
    torch.save(dict(state_dict={}, hook=os.getcwd), here.root / 'source.pth')


OTHER_SHAPE = (
    '<file> does not fit: <n> tensors have another shape: <tensors>; take a checkpoint of a '
    'model with the same architecture and classes'
)
LACKS = (
    "<file> does not fit: it lacks <n> of the model's <n> tensors: <tensors>; take a checkpoint "
    'of a model with the same architecture and classes'
)
HAS_MORE = (
    '<file> does not fit: the model lacks <n> of its tensors: <tensors>; take a checkpoint of a '
    'model with the same architecture and classes'
)
SIXTEEN = {f'model.{head}.num_classes': 16 for head in ('decode_head', 'auxiliary_head')}


@fault(f'load_from: {OTHER_SHAPE}')
def source_model_of_16_classes(here: Place) -> None:
    here.cfg.load_from = str(save_checkpoint(here, **SIXTEEN))


@fault(f'checkpoint: {OTHER_SHAPE}', 'test CONFIG source.pth')
def checkpoint_of_16_classes(here: Place) -> None:
    save_checkpoint(here, **SIXTEEN)


@fault(f'load_from: {LACKS}')
def source_model_without_low_head(here: Place) -> None:
    here.cfg.load_from = str(
        save_checkpoint(here, **{'model.auxiliary_head': None, 'model.guidance': None})
    )


@fault(f'load_from: {HAS_MORE}')
def source_model_of_a_deeper_network(here: Place) -> None:
    here.cfg.load_from = str(save_checkpoint(here, **{'model.backbone.depth': 34}))


@fault('model.backbone.pretrained: ImageNet weights <file> not found: <where from>; <remedy>')
def no_weights(here: Place) -> None:
    backbone = dict(type='DeepLabV2ResNet', depth=18, stem_channels=8, base_channels=8)
    here.cfg.model.backbone = dict(backbone, pretrained=str(here.root / 'source.pth'))
    here.cfg.model.decode_head.update(in_index=1, in_channels=16)


@fault(
    'model.backbone.pretrained: <file> does not fit <type>: <n> of <n> tensors are missing or of '
    'another shape, first <tensors>; <where from>'
)
def weights_of_another_network(here: Place) -> None:
    no_weights(here)
    torch.save(dict(conv1=torch.zeros(3)), here.root / 'source.pth')


SAME_MODEL = 'take a checkpoint of a model with the same architecture and classes'


@fault(f'model.anchor.checkpoint: no file <file>; {SAME_MODEL}')
def no_anchor(here: Place) -> None:
    here.cfg.model.anchor = dict(checkpoint='nothing.pth')


@fault(
    'model.anchor.checkpoint: <file> does not fit the model: <n> tensors are missing or have '
    f'another shape: <tensors>; {SAME_MODEL}'
)
def anchor_of_16_classes(here: Place) -> None:
    here.cfg.model.anchor = dict(checkpoint=str(save_checkpoint(here, **SIXTEEN)))


@fault('load_from: <file>: the key <key> of its tensors is not a name')
def number_as_name(here: Place) -> None:
    path = save_checkpoint(here)
    state = torch.load(path)['state_dict']
    torch.save(dict(state_dict={**state, 5: torch.zeros(1)}), path)
    here.cfg.load_from = str(path)


@fault('load_from: <file>: <tensor> is a <type>, not a tensor')
def list_as_tensor(here: Place) -> None:
    path = save_checkpoint(here)
    state = torch.load(path)['state_dict']
    state['decode_head.conv_seg.bias'] = [1.0] * 19
    torch.save(dict(state_dict=state), path)
    here.cfg.load_from = str(path)


@fault(
    'load_from: <file> is not a checkpoint: it holds no tensors by name; its field <field> does: '
    'save that alone to a file, with torch.save'
)
def checkpoint_of_another_program(here: Place) -> None:
    path = save_checkpoint(here)
    torch.save(dict(model=dict(torch.load(path)['state_dict'])), path)
    here.cfg.load_from = str(path)


def start_from(here: Place, weights: str) -> None:
    here.cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=weights)


NO_NAME = '<field>: <name>: no model of this name; <remedy>'


@fault(NO_NAME)
def no_such_weights(here: Place) -> None:
    start_from(here, 'open-mmlab://nonsense')


@fault(NO_NAME)
def no_such_source_model(here: Place) -> None:
    here.cfg.load_from = 'open-mmlab://nonsense'


@fault(
    '<field>: <name> needs torchvision, which is not installed; install it, or name a file',
)
def weights_of_torchvision(here: Place) -> None:
    here.patch.setitem(sys.modules, 'torchvision', None)
    here.cfg.model.pretrained = 'torchvision://resnet18'


@fault(
    '<field>: no file <file>; download the weights and put them there, or set <field> to another '
    'file'
)
def no_initial_weights(here: Place) -> None:
    start_from(here, 'nothing.pth')


OR_RANDOM = 'take the weights of this network, or set the field to None for random ones'


@fault(
    '<field>: <file> does not fit: it has <n>% of the tensors of <type>; ' + OR_RANDOM,
)
def initial_weights_of_another_network(here: Place) -> None:
    torch.save(dict(conv=torch.zeros(3)), here.root / 'other.pth')
    start_from(here, str(here.root / 'other.pth'))


@fault(
    '<field>: <file> cannot be read (<error>): it is truncated, damaged or not a checkpoint; '
    + OR_RANDOM,
)
def damaged_initial_weights(here: Place) -> None:
    (here.root / 'other.pth').write_bytes(b'xx')
    start_from(here, str(here.root / 'other.pth'))


@fault(
    '--weights: <n> weights for <n> checkpoints; give one each',
    'test CONFIG source.pth source.pth --weights 1',
)
def one_weight_for_two(here: Place) -> None:
    save_checkpoint(here)


@fault(
    '--weights: must be above 0, got <values>',
    'test CONFIG source.pth source.pth --weights 1 0',
)
def member_without_weight(here: Place) -> None:
    save_checkpoint(here)


@fault(
    'checkpoint: <file> has the classes <classes>, <file> has <classes>; an ensemble needs the '
    'same ones',
    'test CONFIG source.pth other.pth',
)
def ensemble_of_other_classes(here: Place) -> None:
    checkpoint = torch.load(save_checkpoint(here))
    for name, classes in (('source', ['a', 'b']), ('other', ['c'])):
        checkpoint['meta'] = dict(dataset_meta=dict(classes=classes))
        torch.save(checkpoint, here.root / f'{name}.pth')
