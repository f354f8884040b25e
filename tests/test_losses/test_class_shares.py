"""The class-share anchor: by hand, against loops over numbers, gradients, odd batches."""

import math

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.losses import ClassShareLoss, class_share_loss, class_shares

SHAPES = [(2, 3), (3, 4, 5), (2, 3, 4, 5), (1, 2, 2, 3, 2)]


def logits_of(*shape: int) -> Tensor:
    return (3 * torch.randn(*shape, dtype=torch.float64)).requires_grad_()


def mask_of(logits: Tensor) -> Tensor:
    """About a third of the pixels, never a whole image."""
    mask = torch.rand(len(logits), *logits.shape[2:]) < 0.3
    mask.reshape(len(mask), -1)[:, 0] = False
    return mask


def slow_shares(logits: Tensor, ignore: Tensor | None) -> tuple[list[list[Tensor]], list[int]]:
    """Pixel by pixel; and the number of counted pixels of each image."""
    rows, counts = [], []
    for b in range(len(logits)):
        flat = logits[b].reshape(logits.shape[1], -1)
        keep = [True] * flat.shape[1] if ignore is None else (~ignore[b].reshape(-1)).tolist()
        row = []
        for c in range(flat.shape[0]):
            parts = [
                torch.exp(flat[c, n]) / sum(torch.exp(flat[k, n]) for k in range(flat.shape[0]))
                for n in range(flat.shape[1])
                if keep[n]
            ]
            row.append(sum(parts) / len(parts))
        rows.append(row)
        counts.append(sum(keep))
    return rows, counts


def pooled(rows: list, counts: list[int]) -> list:
    """Shares over the pixels of all images."""
    columns = zip(*rows, strict=True)
    return [sum(n * s for n, s in zip(counts, c, strict=True)) / sum(counts) for c in columns]


def slow_loss(logits: Tensor, shares: Tensor, per: str, ignore: Tensor | None) -> Tensor:
    rows, counts = slow_shares(logits, ignore)
    given = shares.tolist()
    if per == 'batch':
        rows, given = [pooled(rows, counts)], [pooled(given, counts)]
    images = [
        sum(r * (math.log(r) - torch.log(s)) for r, s in zip(*pair, strict=True))
        for pair in zip(given, rows, strict=True)
    ]
    return sum(images) / len(images)


@pytest.mark.parametrize('per', ['image', 'batch'])
@pytest.mark.parametrize('ignored', [False, True])
@pytest.mark.parametrize('shape', SHAPES, ids=str)
def test_value_and_gradient_equal_the_slow_reference(
    shape: tuple[int, ...], ignored: bool, per: str
) -> None:
    logits = logits_of(*shape)
    ignore = mask_of(logits) if ignored and len(shape) > 2 else None
    shares = torch.rand(shape[:2], dtype=torch.float64).softmax(1)
    found = class_share_loss(logits, shares, per, ignore)
    expected = slow_loss(logits, shares, per, ignore)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    gradients = [torch.autograd.grad(value, logits)[0] for value in (found, expected)]
    torch.testing.assert_close(*gradients, rtol=0, atol=1e-12)


@pytest.mark.parametrize('per', ['image', 'batch'])
def test_gradcheck(per: str) -> None:
    logits = logits_of(2, 3, 4)
    shares = torch.rand(2, 3, dtype=torch.float64).softmax(1)
    ignore = mask_of(logits)
    assert torch.autograd.gradcheck(lambda z: class_share_loss(z, shares, per, ignore), logits)


def test_by_hand() -> None:
    """Two pixels of two classes, p = (0.8, 0.2), (0.4, 0.6): shares (0.6, 0.4)."""
    p = torch.tensor([[0.8, 0.4], [0.2, 0.6]])
    logits = p.log()[None]
    torch.testing.assert_close(class_shares(logits), torch.tensor([[0.6, 0.4]]))
    loss = class_share_loss(logits, torch.tensor([[0.5, 0.5]]))
    expected = 0.5 * math.log(0.5 / 0.6) + 0.5 * math.log(0.5 / 0.4)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_own_shares_give_zero_and_no_gradient() -> None:
    logits = logits_of(2, 5, 6, 7)
    loss = class_share_loss(logits, class_shares(logits))
    loss.backward()
    assert abs(float(loss)) < 1e-14
    assert float(logits.grad.abs().max()) < 1e-14


def test_images_may_differ_in_the_batch_reading() -> None:
    """Two images that exchange their shares: the batch has the same ones, the images do not."""
    logits = torch.tensor([[[4.0], [0.0]], [[0.0], [4.0]]])
    exchanged = class_shares(logits).flip(0)
    assert float(class_share_loss(logits, exchanged, 'batch')) == pytest.approx(0, abs=1e-6)
    assert float(class_share_loss(logits, exchanged, 'image')) > 1


def test_a_share_that_underflows_has_a_value_and_a_gradient() -> None:
    """exp(-200) is 0 in single precision; the loss of a lost class grows all the same."""
    logits = torch.zeros(1, 2, 3)
    logits[:, 0] = 200
    logits.requires_grad_()
    loss = class_share_loss(logits, torch.tensor([[0.5, 0.5]]))
    loss.backward()
    assert float(loss.detach()) == pytest.approx(0.5 * 200 + math.log(0.5), rel=1e-5)
    assert float(logits.grad[0, 0].sum()) == pytest.approx(0.5, rel=1e-5)


@pytest.mark.parametrize('per', ['image', 'batch'])
def test_images_without_counted_pixels(per: str) -> None:
    """They give 0 and no gradient; NaN at ignored pixels stays out."""
    logits = torch.randn(3, 2, 4)
    ignore = torch.tensor([[True] * 4, [False, True, False, False], [True] * 4])
    logits[0, 0, 1] = logits[1, 1, 1] = torch.nan
    logits.requires_grad_()
    shares = torch.tensor([[0.3, 0.7]] * 3)
    loss = class_share_loss(logits, shares, per, ignore)
    loss.backward()
    alone = class_share_loss(logits[1:2], shares[1:2], per, ignore[1:2])
    assert float(loss.detach()) == pytest.approx(
        float(alone.detach()) / (3 if per == 'image' else 1)
    )
    assert logits.grad.isfinite().all()
    assert float(logits.grad[[0, 2]].abs().sum()) == 0
    assert class_shares(logits.detach(), ignore)[[0, 2]].tolist() == [[0, 0]] * 2
    nothing = class_share_loss(logits, shares, per, torch.ones_like(ignore))
    nothing.backward()
    assert float(nothing.detach()) == 0


@pytest.mark.parametrize('per', ['image', 'batch'])
@pytest.mark.parametrize('shape', [(0, 3, 2, 2), (2, 3, 0, 2), (0, 3)])
def test_empty_batches(shape: tuple[int, ...], per: str) -> None:
    logits = torch.zeros(shape, requires_grad=True)
    loss = class_share_loss(logits, torch.full(shape[:2], 1 / 3), per)
    loss.backward()
    assert float(loss.detach()) == 0


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_single(dtype: torch.dtype) -> None:
    logits = torch.randn(2, 3, 64, 64).to(dtype)
    shares = torch.full((2, 3), 1 / 3)
    found = class_share_loss(logits, shares)
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, class_share_loss(logits.float(), shares))


def test_module_is_the_function() -> None:
    logits, shares = torch.randn(2, 3, 4), torch.rand(2, 3).softmax(1)
    module = ClassShareLoss('batch', loss_weight=0.7)
    torch.testing.assert_close(
        module(logits, shares), 0.7 * class_share_loss(logits, shares, 'batch')
    )
    assert repr(module) == "ClassShareLoss(per='batch', loss_weight=0.7)"


@pytest.mark.parametrize(
    ('call', 'error', 'message'),
    [
        (lambda z, s: class_share_loss(z, s, 'pixel'), ValueError, "one of .*, got 'pixel'"),
        (lambda z, s: class_share_loss(z, s[:1]), ValueError, r'shape \(B, C\) = \(2, 3\), got'),
        (lambda z, s: class_share_loss(z.long(), s), TypeError, 'must be floating point'),
        (lambda z, s: class_shares(z[0, 0]), ValueError, r'\(B, C, \*spatial\), got \(4,\)'),
        (
            lambda z, s: class_shares(z, z[:, 0, :2] > 0),
            ValueError,
            r'ignore must have shape \(2, 4',
        ),
        (lambda z, s: ClassShareLoss(loss_weight=-1), ValueError, 'at least 0, got -1'),
        (lambda z, s: ClassShareLoss(loss_name='shares'), ValueError, 'must contain "loss"'),
        (lambda z, s: ClassShareLoss('pixels'), ValueError, "got 'pixels'"),
    ],
)
def test_refused_arguments(call, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        call(torch.randn(2, 3, 4), torch.rand(2, 3))
