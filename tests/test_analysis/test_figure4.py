"""Log frequency of the classes."""

import numpy as np

from mmseg_maxsquare.analysis.figure4 import log_frequency


def test_by_hand() -> None:
    """Of 1000 labelled pixels; a class without any has no logarithm to draw."""
    found = log_frequency(np.array([900, 90, 0, 10]))
    np.testing.assert_allclose(found, [np.log10(0.9), np.log10(0.09), -np.inf, -2])


def test_no_labels() -> None:
    assert np.isnan(log_frequency(np.zeros(3, int))).all()
