"""Looks at held-out images, and the statistics of the target."""

import copy
from typing import ClassVar

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import PixelData
from torch.utils.data import Dataset

from mmseg_maxsquare.engine.guard_hook import use_target_statistics
from mmseg_maxsquare.engine.held_out import (
    HeldOutImages,
    SourceImages,
    label_shares,
    mean_iou,
    scaled,
)

from tests.helpers.tiny_models import build_model, head_cfg, plain_batch, uda_cfg


class Samples(Dataset):
    """Samples of a batch, as a data set gives them."""

    def __init__(self, count: int, labels: bool = False) -> None:
        batch = plain_batch(((32, 40),) * count, labels=labels)
        self.items = [
            dict(inputs=image, data_samples=sample)
            for image, sample in zip(*batch.values(), strict=True)
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict:
        return self.items[index]


def test_the_source_model_itself() -> None:
    """It agrees with itself in everything."""
    model = build_model(uda_cfg())
    images = HeldOutImages(Samples(5), 3)
    images.set_source(model)
    found = images.look(model)
    assert len(images) == 3
    assert found['disagreement'] == 0
    assert found['share_divergence'] == pytest.approx(0, abs=1e-6)
    assert found['retained'] == 1
    assert 0 < found['mirror'] <= 1
    assert -1 <= found['information'] <= 0


def test_a_collapsed_model() -> None:
    """All pixels in one class: the others are lost."""
    source = build_model(uda_cfg())
    images = HeldOutImages(Samples(4), 4)
    images.set_source(source)
    model = copy.deepcopy(source)
    with torch.no_grad():
        model.decode_head.conv_seg.bias[2] += 100
    found = images.look(model)
    assert found['confidence'] == pytest.approx(1, abs=1e-3)
    assert found['retained'] == 0
    assert found['top_share'] == 1
    assert found['share_divergence'] > 1
    assert found['mirror'] == found['scale'] == found['blur'] == 1


def test_a_look_changes_nothing() -> None:
    """Neither weights and statistics nor the random state."""
    model = build_model(uda_cfg())
    state, random = copy.deepcopy(model.state_dict()), torch.get_rng_state()
    images = HeldOutImages(Samples(2), 2)
    images.set_source(model)
    images.look(model)
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    assert torch.equal(random, torch.get_rng_state())


def test_sliding_windows() -> None:
    """The predictions are those of inference."""
    cfg = uda_cfg(test_cfg=ConfigDict(mode='slide', crop_size=(32, 32), stride=(16, 16)))
    model = build_model(cfg).eval()
    sample = Samples(1)[0]
    expected = model.test_step(
        dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])
    )
    inputs = model.data_preprocessor(dict(inputs=[sample['inputs']]), False)['inputs']
    with torch.no_grad():
        found = model.inference_logits(inputs)
    torch.testing.assert_close(found[0], expected[0].seg_logits.data)


def test_single_output() -> None:
    """A head with one sigmoid output is seen as two classes."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    head = head_cfg(num_classes=2, out_channels=1, threshold=0.3, loss_decode=loss)
    model = build_model(uda_cfg(decode_head=head))
    images = HeldOutImages(Samples(2), 2)
    images.set_source(model)
    assert images.look(model)['retained'] == 1


def test_threshold() -> None:
    """The shares of the labels follow the threshold of the head."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    shares = []
    for threshold in (0.01, 0.99):
        fields = dict(num_classes=2, out_channels=1, threshold=threshold, loss_decode=loss)
        model = build_model(uda_cfg(decode_head=head_cfg(**fields)), spread=0.1)
        images = HeldOutImages(Samples(2), 2)
        images.set_source(model)
        labels = torch.cat([labels for labels, _ in images._source])
        shares.append(float(labels.float().mean()))
    assert shares == [1, 0]


def test_score_on_source_images() -> None:
    """mIoU against a slow count of pixels."""
    model = build_model(uda_cfg()).eval()
    samples = Samples(3, labels=True)
    both, union = np.zeros(4), np.zeros(4)
    for item in samples.items:
        data = model.data_preprocessor(
            dict(inputs=[item['inputs']], data_samples=[item['data_samples']]), False
        )
        with torch.no_grad():
            predicted = model.inference_logits(data['inputs']).argmax(1)[0].numpy()
        truth = item['data_samples'].gt_sem_seg.data[0].numpy()
        predicted = np.where(truth == 255, 255, predicted)
        for c in range(4):
            both[c] += ((predicted == c) & (truth == c)).sum()
            union[c] += ((predicted == c) | (truth == c)).sum()
    found = SourceImages(samples, 3).score(model)
    assert found == pytest.approx(100 * np.mean(both[union > 0] / union[union > 0]), abs=1e-4)
    with pytest.raises(ValueError, match='needs LoadAnnotations'):
        SourceImages(Samples(1), 1)


def test_mean_iou_leaves_absent_classes_out() -> None:
    counts = torch.tensor([[3, 1, 0], [0, 4, 0], [0, 0, 0]])
    assert mean_iou(counts) == pytest.approx(100 * (3 / 4 + 4 / 5) / 2)


def test_label_shares() -> None:
    maps = [torch.tensor([[0, 0], [1, 2]]), torch.tensor([[0, 0], [0, 1]])]
    assert label_shares(maps, 4).tolist() == [5 / 8, 2 / 8, 1 / 8, 0]


def test_target_statistics() -> None:
    """Running statistics move as in training, and nothing else does."""
    model = build_model(uda_cfg())
    batches = [plain_batch(seed=i, labels=False) for i in range(3)]
    expected = copy.deepcopy(model).train()
    with torch.no_grad():
        for batch in batches:
            expected.target_logits(expected.data_preprocessor(copy.deepcopy(batch), True)['inputs'])
    before = copy.deepcopy(model.state_dict())
    assert use_target_statistics(model, batches)
    for key, value in model.state_dict().items():
        # The auxiliary part of the network has no part in a prediction.
        torch.testing.assert_close(value, expected.state_dict()[key])
        assert ('running' in key or 'num_batches' in key) or torch.equal(value, before[key])


def test_no_statistics_to_update() -> None:
    norm = dict(type='GN', num_groups=4)
    backbone = dict(uda_cfg()['backbone'], norm_cfg=norm)
    model = build_model(uda_cfg(backbone=backbone, decode_head=head_cfg(norm_cfg=norm)))
    assert not use_target_statistics(model, [])


def test_pixel_data_is_of_the_size_of_the_label() -> None:
    """Labels of another size than the network's input are compared at their own size."""
    model = build_model(uda_cfg()).eval()
    samples = Samples(1, labels=True)
    item = samples[0]
    truth = torch.zeros(1, 64, 80, dtype=torch.long)
    item['data_samples'].gt_sem_seg = PixelData(data=truth)
    assert 0 <= SourceImages(samples, 1).score(model) <= 100


def test_sides_of_the_scaled_view() -> None:
    """Multiples of 32: some networks take no other size."""

    class Network:
        test_cfg: ClassVar = {}

        def inference_logits(self, inputs: torch.Tensor) -> torch.Tensor:
            self.size = tuple(inputs.shape[2:])
            return inputs

    network = Network()
    assert scaled(network, torch.zeros(1, 3, 240, 320)).shape == (1, 3, 240, 320)
    assert network.size == (192, 256)
    scaled(network, torch.zeros(1, 3, 24, 32))
    assert network.size == (32, 32)
    network.test_cfg = ConfigDict(mode='slide', crop_size=(224, 224))  # a window is not cut
    scaled(network, torch.zeros(1, 3, 240, 320))
    assert network.size == (224, 256)
