"""Figure 4: does the model segment frequent classes better?

Log frequency of every class in the labels of a config's test data against its IoU there.
"""

from pathlib import Path

import numpy as np

from .figure2 import measure, write_scatter
from .plots import check_out
from .predictions import Predicted

AXIS = 'log₁₀ of the share of the class in the labelled pixels'


def log_frequency(labelled: np.ndarray) -> np.ndarray:
    """Log10 of each class's share of the labelled pixels, ``(C,)``; -inf for absent ones."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.log10(labelled / labelled.sum())


def figure4(what: Predicted, out: Path) -> None:
    """Draw Figure 4 as PNG, with its numbers as CSV beside it."""
    check_out(out)
    names, found = measure(what)
    values, shown = log_frequency(found.labelled), found.labelled > 0
    print(f'{out}: {write_scatter(out, names, AXIS, values, found.iou, shown)}')
