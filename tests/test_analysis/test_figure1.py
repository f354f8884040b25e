"""The gradients of Figure 1 against autograd of the package's own losses."""

from pathlib import Path

import numpy as np
import pytest
import torch

from mmseg_maxsquare.analysis.figure1 import (
    entropy_gradient,
    max_square_gradient,
    scaled_entropy_gradient,
)
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.losses import entropy_loss, max_square_loss

P = np.array([0.01, 0.2, 0.4, 0.5, 0.7, 0.999])


def gradient(loss, p: np.ndarray = P, **kwargs) -> np.ndarray:
    """``|dL/dp|`` from the logits (log p, log(1 - p)): dL/dz_1 is dL/dp times p (1 - p)."""
    p = torch.from_numpy(p)[:, None]
    logits = torch.cat([p.log(), (1 - p).log()], dim=1).requires_grad_()
    (len(p) * loss(logits, **kwargs)).backward()  # the mean over the batch
    return np.abs(logits.grad[:, 0].numpy() / (p * (1 - p))[:, 0].numpy())


def test_eq_5() -> None:
    np.testing.assert_allclose(entropy_gradient(P), gradient(entropy_loss), atol=1e-9)


def test_eq_8_is_twice_eq_6() -> None:
    np.testing.assert_allclose(max_square_gradient(P), 2 * gradient(max_square_loss), atol=1e-9)


@pytest.mark.parametrize('gamma', [0.0, 0.1, 0.3])
def test_scaled_entropy(gamma: float) -> None:
    expected = gradient(entropy_loss, gamma=gamma)
    np.testing.assert_allclose(scaled_entropy_gradient(P, gamma), expected, atol=1e-9)


def test_by_hand() -> None:
    """log 3 at 3/4; 4 * 3/4 - 2; and the bound of the scaled entropy, 0.8 log 9, at 1."""
    assert entropy_gradient(np.array(0.75)) == pytest.approx(np.log(3))
    assert max_square_gradient(np.array(0.75)) == 1
    assert scaled_entropy_gradient(np.array(1.0), 0.1) == pytest.approx(0.8 * np.log(9))


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    main(['figure', '1', *map(str, arguments)])


def test_picture_and_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run(monkeypatch, '--out', tmp_path / 'new/f.png')
    lines = (tmp_path / 'new/f.csv').read_text().splitlines()
    assert lines[0].startswith('p,entropy H')
    assert lines[500] == '0.5,0,0,0'
    assert (tmp_path / 'new/f.png').stat().st_size > 5000


def test_wrong_out(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing is written where a picture cannot be."""
    (tmp_path / 'file').write_text('mine')
    with pytest.raises(SystemExit, match=r'error: --out: .*f.csv must end in .png'):
        run(monkeypatch, '--out', tmp_path / 'f.csv')
    with pytest.raises(SystemExit, match='error: --out: .*file.*; name another file'):
        run(monkeypatch, '--out', tmp_path / 'file/f.png')
    assert [path.name for path in tmp_path.iterdir()] == ['file']
