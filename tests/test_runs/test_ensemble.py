"""``test CONFIG A.pth B.pth``: several checkpoints of one network vote together."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmseg.registry import DATASETS, MODELS

from mmseg_maxsquare.models.ensemble import mean_logits

from .error_cases import Place
from .error_cases.weights import save_checkpoint
from .test_errors import end_of, here

__all__ = ['here']  # the fixture


@pytest.mark.parametrize('channels', [1, 4])
def test_mean_logits(channels: int) -> None:
    """Against the plain formulas; a mean of probabilities keeps their order."""
    first, second = torch.randn(2, 2, channels, 3, 5, dtype=torch.float64)
    torch.testing.assert_close(mean_logits([first, second], [1, 3]), 0.25 * first + 0.75 * second)
    found = mean_logits([first, second], [1, 3], 'probabilities')
    activation = torch.sigmoid if channels == 1 else lambda x: x.softmax(1)
    expected = 0.25 * activation(first) + 0.75 * activation(second)
    torch.testing.assert_close(activation(found), expected)


def two_checkpoints(here: Place) -> None:
    """The source model, and another one."""
    save_checkpoint(here)
    checkpoint = torch.load(here.root / 'source.pth', weights_only=False)
    generator = torch.Generator().manual_seed(1)
    for value in checkpoint['state_dict'].values():
        if value.is_floating_point() and value.dim() > 1:
            value += 0.5 * value.std() * torch.randn(value.shape, generator=generator)
    torch.save(checkpoint, here.root / 'other.pth')


def labels(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted(folder.rglob('*.png'))]


@pytest.mark.parametrize('mean', ['logits', 'probabilities'])
def test_prediction(mean: str, here: Place) -> None:
    """Every pixel is that of the members' weighted mean, computed by hand."""
    two_checkpoints(here)
    command = f'test CONFIG source.pth other.pth --weights 1 2 --mean {mean} --out out'
    assert end_of(here, command) == (None, 'step N')
    dataset = DATASETS.build(here.cfg.test_dataloader.dataset)
    found = labels(here.root / 'out')
    assert len(found) == len(dataset) > 0
    sums = []
    for path, weight in (('source.pth', 1 / 3), ('other.pth', 2 / 3)):
        model = MODELS.build(here.cfg.model)
        state = torch.load(here.root / path, weights_only=False)['state_dict']
        model.load_state_dict(state, strict=False)
        model.eval()
        for i in range(len(dataset)):
            with torch.no_grad():
                logits = model.test_step(pseudo_collate([dataset[i]]))[0].seg_logits.data
            value = weight * (logits if mean == 'logits' else logits.softmax(0))
            if len(sums) <= i:
                sums.append(value)
            else:
                sums[i] = sums[i] + value
    for label, total in zip(found, sums, strict=True):
        assert (label == total.argmax(0).numpy()).mean() > 0.999


def test_twice_the_same_is_the_same(here: Place) -> None:
    two_checkpoints(here)
    assert end_of(here, 'test CONFIG other.pth --out one') == (None, 'step N')
    assert end_of(here, 'test CONFIG other.pth other.pth --out two') == (None, 'step N')
    pairs = zip(labels(here.root / 'one'), labels(here.root / 'two'), strict=True)
    assert all(np.array_equal(*pair) for pair in pairs)


@pytest.mark.parametrize(('arguments', 'message'), [
    ('source.pth gone.pth', 'error: checkpoint: no file gone.pth'),
    ('source.pth other.pth --weights 1', 'error: --weights: 1 weights for 2 checkpoints'),
    ('source.pth other.pth --weights 1 0', 'error: --weights: must be above 0, got 1.0 0.0'),
    ('source.pth --weights 1', 'error: --weights: belongs to several checkpoints'),
    ('source.pth classes.pth', 'error: checkpoint: classes.pth has the classes a, b, ... (2), '),
    ('source.pth narrow.pth', 'error: checkpoint: narrow.pth does not fit'),
])  # fmt: skip
def test_wrong_input(arguments: str, message: str, here: Place) -> None:
    """One line before anything is predicted."""
    two_checkpoints(here)
    checkpoint = torch.load(here.root / 'source.pth', weights_only=False)
    checkpoint.setdefault('meta', {})['dataset_meta'] = dict(classes=('c', 'd', 'e'))
    torch.save(checkpoint, here.root / 'source.pth')
    checkpoint['meta']['dataset_meta'] = dict(classes=('a', 'b'))
    torch.save(checkpoint, here.root / 'classes.pth')
    del checkpoint['meta']['dataset_meta']
    name = next(k for k in checkpoint['state_dict'] if k.endswith('conv_seg.weight'))
    checkpoint['state_dict'][name] = checkpoint['state_dict'][name][:3]
    torch.save(checkpoint, here.root / 'narrow.pth')
    found, when = end_of(here, f'test CONFIG {arguments}')
    assert found.startswith(message), found
    assert when == 'start'
