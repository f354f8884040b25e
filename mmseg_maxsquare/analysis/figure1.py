"""Figure 1: gradient magnitude against the probability, for two classes.

Entropy, scaled entropy and maximum squares.
"""

from pathlib import Path

import numpy as np

from .plots import COLOURS, DASHES, axes, check_out, save

GAMMA = 0.1  # of the scaled entropy; the paper does not say which value it plots
TOP = 5.0  # of the axis: the entropy's gradient is unbounded


def entropy_gradient(p: np.ndarray) -> np.ndarray:
    """``|log p - log(1 - p)|``, Eq. 5: gradient of Eq. 3 for two classes. ``p`` in (0, 1)."""
    return np.abs(np.log(p) - np.log1p(-p))


def scaled_entropy_gradient(p: np.ndarray, gamma: float = GAMMA) -> np.ndarray:
    """``(1 - 2 gamma) |log q - log(1 - q)|`` with ``q = (1 - 2 gamma) p + gamma`` (Section 1).

    At most ``(1 - 2 gamma) log(1 / gamma - 1)``.
    """
    return (1 - 2 * gamma) * entropy_gradient((1 - 2 * gamma) * p + gamma)


def max_square_gradient(p: np.ndarray) -> np.ndarray:
    """``|4 p - 2|``, Eq. 8: gradient of Eq. 7, which is twice the loss of Eq. 6."""
    return np.abs(4 * p - 2)


def figure1(out: Path) -> None:
    """Draw Figure 1 as PNG, with its numbers as CSV beside it."""
    check_out(out)
    p = np.linspace(0.001, 0.999, 999)
    curves = {
        'entropy H (Eq. 5)': entropy_gradient(p),
        f'scaled H, gamma = {GAMMA}': scaled_entropy_gradient(p),
        'maximum squares MS (Eq. 8)': max_square_gradient(p),
    }
    (panel,) = axes(width=4.5, height=3.4)
    for (name, values), colour, dash in zip(curves.items(), COLOURS[1:], DASHES, strict=False):
        panel.plot(p, values, label=name, color=colour, linestyle=dash, linewidth=1.8)
    panel.set(
        xlabel='probability p of one of two classes',
        ylabel='gradient magnitude |dL/dp|',
        xlim=(0, 1),
        ylim=(0, TOP),
    )
    panel.legend(frameon=False, fontsize=8, loc='upper center')
    rows = zip(p.tolist(), *(values.tolist() for values in curves.values()), strict=True)
    save(panel.figure, out, ['p', *curves], rows)
    print(f'{out}: Figure 1')
