"""The rehearsal of a run leaves no trace in it, and is small."""

import copy
import logging
import random

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from torch import nn

from mmseg_maxsquare.runs.copies import Cropped, unnoticed
from mmseg_maxsquare.runs.rehearsal import rehearse
from mmseg_maxsquare.runs.sizes import Part

from .error_cases import Place
from .test_errors import here

__all__ = ['here']  # the fixture
CLASSES = [f'class {i}' for i in range(19)]
SIZE = (24, 32)


def sample(height: int, width: int) -> dict:
    packed = SegDataSample(metainfo=dict(ori_shape=(height, width), img_shape=(height, width)))
    packed.gt_sem_seg = PixelData(data=torch.randint(19, (1, height, width)))
    image = torch.randint(256, (3, height, width), dtype=torch.uint8)
    return dict(inputs=image, data_samples=packed)


def parts() -> list[Part]:
    fields = [('train_dataloader', 'source', True), ('train_dataloader', 'target', True)]
    fields.append(('val_dataloader', '', False))
    return [
        Part(field, domain, [''], lambda i: sample(*SIZE), 1, training)
        for field, domain, training in fields
    ]


def rehearsed(here: Place, model: nn.Module) -> list:
    here.cfg.val_evaluator.type = 'IoUMetric'
    del here.cfg.val_evaluator['subsets']
    return rehearse(here.cfg, model, parts(), dict(val_dataloader=dict(classes=CLASSES)))


def states() -> tuple:
    numbers = np.random.get_state()
    return random.getstate(), numbers[1].tolist(), numbers[2], torch.get_rng_state().tolist()


def logged() -> tuple[dict, list]:
    """Numbers of values in the message hub by name, and names of its other entries."""
    hub = MessageHub.get_current_instance()
    values = {name: len(buffer.data[0]) for name, buffer in hub.log_scalars.items()}
    return values, sorted(hub.runtime_info)


def test_no_trace(here: Place) -> None:
    here.cfg.optim_wrapper.clip_grad = dict(max_norm=1)  # which logs to the message hub
    model = MODELS.build(copy.deepcopy(here.cfg.model)).eval()
    weights, before = copy.deepcopy(model.state_dict()), states()
    hub = logged()
    assert rehearsed(here, model) == []
    assert states() == before
    assert logged() == hub
    assert all(torch.equal(value, weights[key]) for key, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training
    assert logging.root.manager.disable == logging.NOTSET


def test_an_update_of_the_weights_is_tried(here: Place) -> None:
    """Also if gradients are accumulated over several steps."""
    here.cfg.optim_wrapper.accumulative_counts = 4
    here.cfg.optim_wrapper.clip_grad = dict(maxnorm=1)
    (finding,) = rehearsed(here, MODELS.build(copy.deepcopy(here.cfg.model)))
    assert finding.where == 'optim_wrapper'
    assert finding.what.startswith('the first training step fails: ')


def test_large_images_are_cropped_and_their_predictions_are_not() -> None:
    batch = dict(inputs=torch.zeros(1, 3, 20, 30), data_samples=[sample(20, 30)['data_samples']])
    for training, label in ((True, (8, 8)), (False, (20, 30))):
        data = Cropped(BaseDataPreprocessor(), 8)(copy.deepcopy(batch), training)
        assert data['inputs'].shape == (1, 3, 8, 8)
        assert tuple(data['data_samples'][0].gt_sem_seg.shape) == label
        assert data['data_samples'][0].ori_shape == (20, 30)


def test_what_only_small_images_do_not_fit_is_no_fault(here: Place) -> None:
    model, seen = MODELS.build(copy.deepcopy(here.cfg.model)), []
    extract = type(model).extract_feat

    def of_large_ones(self: nn.Module, inputs: torch.Tensor) -> tuple:
        seen.append(tuple(inputs.shape[2:]))
        if inputs.shape[2] < SIZE[0]:
            raise ValueError('too small')
        return extract(self, inputs)

    here.patch.setattr(type(model), 'extract_feat', of_large_ones)
    here.patch.setattr('mmseg_maxsquare.runs.rehearsal.SIDE', 16)
    assert rehearsed(here, model) == []
    assert set(seen) == {(16, 16), SIZE}


def test_states_are_restored_after_an_error() -> None:
    before = states()
    with pytest.raises(ValueError, match='a fault'), unnoticed():
        torch.rand(1)
        raise ValueError('a fault')
    assert states() == before
    assert logging.root.manager.disable == logging.NOTSET
