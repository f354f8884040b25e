"""Draw Figure 4: python tools/analysis/figure4.py CONFIG CHECKPOINT

Are frequent classes those that the model segments well? Log frequency of every class in the
labels of a config's test data against its IoU there.
"""

import numpy as np

from figure2 import measure, write_scatter
from predictions import parse_args

AXIS = 'log₁₀ of the share of the class in the labelled pixels'


def log_frequency(labelled: np.ndarray) -> np.ndarray:
    """Log10 of each class's share of the labelled pixels, ``(C,)``; -inf for absent ones."""
    with np.errstate(divide='ignore', invalid='ignore'):
        return np.log10(labelled / labelled.sum())


def main() -> None:
    args = parse_args(__doc__, 'figure4')
    names, found = measure(args)
    write_scatter(args, names, AXIS, log_frequency(found.labelled), found.iou, found.labelled > 0)


if __name__ == '__main__':
    main()
