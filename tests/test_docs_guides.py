"""The code in the guides runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.registry import MODELS
from PIL import Image
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mmseg_maxsquare.losses import max_square_loss

from tests.helpers.docs_code import data_sets, guide, make_data
from tests.helpers.tiny_data import (
    save_image,
)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_data(tmp_path, monkeypatch)


class Batches:
    """A tiny segmentation model, and batches of both domains."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.model = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 5, 1))
        self.images, self.target = torch.rand(2, 3, 6, 8), torch.rand(3, 3, 8, 6)
        self.labels = torch.randint(0, 5, (2, 6, 8))
        self.labels[0, 0] = 255
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.5)

    def expected(self) -> list[Tensor]:
        """Weights after one step on the sum of both losses."""
        loss = cross_entropy(self.model(self.images), self.labels, ignore_index=255)
        loss = loss + 0.1 * max_square_loss(self.model(self.target), alpha=0.2)
        parameters = list(self.model.parameters())
        gradients = torch.autograd.grad(loss, parameters)
        return [p.detach() - 0.5 * g for p, g in zip(parameters, gradients, strict=True)]

    def check(self, step: Callable[[], object]) -> object:
        """A step of a page is the step that it says."""
        expected = self.expected()
        result = step()
        torch.testing.assert_close([p.detach() for p in self.model.parameters()], expected)
        return result


def test_plain_pytorch_of_the_losses_guide() -> None:
    b = Batches()
    train_step = guide('losses', 'source_loss.item()')['train_step']
    source, target = b.check(lambda: train_step(b.model, b.optimizer, b.images, b.labels, b.target))
    assert source > 0 > target > -0.1


def test_any_module_of_the_losses_guide() -> None:
    """A module that returns logits stands in for segmentation_models_pytorch."""
    b = Batches()
    train_epoch = guide('losses', 'smp.Unet')['train_epoch']
    b.check(lambda: train_epoch(b.model, b.optimizer, [(b.images, b.labels)], [b.target]))


def test_sigmoid_of_the_losses_guide() -> None:
    x = torch.randn(2, 1, 3, 4)
    logits = guide('losses', 'def two_classes')['two_classes'](x)
    torch.testing.assert_close(logits.softmax(1)[:, 1:], x.sigmoid())


def test_segformer_of_the_losses_guide() -> None:
    """What Hugging Face returns: an object with loss and logits of a quarter of the size."""
    b = Batches()

    class Output(dict):
        __getattr__ = dict.__getitem__

    def segformer(pixel_values: Tensor, labels: Tensor | None = None) -> Output:
        logits = b.model(pixel_values)
        loss = None if labels is None else cross_entropy(logits, labels, ignore_index=255)
        return Output(loss=loss, logits=logits)

    train_step = guide('losses', 'pixel_values')['train_step']
    b.check(lambda: train_step(segformer, b.optimizer, b.images, b.labels, b.target))


def test_own_loss_of_the_extending_guide() -> None:
    """It is registered, and ignored pixels do not count."""
    guide('extending', 'ConfidenceLoss')
    try:
        loss = MODELS.build(dict(type='ConfidenceLoss', loss_weight=0.5))
    finally:
        MODELS.module_dict.pop('ConfidenceLoss')
    logits = torch.zeros(1, 4, 1, 2)
    logits[0, 0, 0, 1] = 100
    assert loss(logits).item() == pytest.approx(-0.5 * (0.25 + 1) / 2)
    assert loss(logits, torch.tensor([[[0, 255]]])).item() == pytest.approx(-0.5 * 0.25)


def test_own_source_of_the_guide(data: Path) -> None:
    """Images and label PNGs in two folders, with class indices."""
    rng = np.random.default_rng(0)
    root = data.parent / 'my/source'
    save_image(root / 'images/a.jpg', (24, 32), rng)
    (root / 'labels').mkdir()
    Image.fromarray(np.full((24, 32), 2, np.uint8)).save(root / 'labels/a.png')
    dataset = data_sets(guide('own_data', 'LabelledFolderDataset'))['source']
    labels = dataset[0]['data_samples'].gt_sem_seg.data
    assert dataset.metainfo['classes'] == ('road', 'building', 'sky')
    assert labels.unique().tolist() == [2]
