"""The collapse alarm: silent where nothing changes, loud where something does."""

import math

import numpy as np
import pytest
from mmengine.logging import MessageHub

from mmseg_maxsquare.engine.collapse import FIRST, LAST, collapse_of, remember


def first_warning(looks: list[list[float]], name: str) -> tuple[int, str] | None:
    """Number of looks until the alarm, and its words."""
    hub = MessageHub.get_instance(f'collapse_{name}')
    classes = [f'class{i}' for i in range(len(looks[0]))]
    for number, shares in enumerate(looks, 1):
        if found := collapse_of(remember(hub, shares), classes):
            return number, found
    return None


@pytest.mark.parametrize(
    ('frequency', 'size', 'batch'),
    [(0.3, 0.05, 1), (0.3, 0.05, 2), (0.5, 0.03, 2), (0.1, 0.05, 4), (0.8, 0.03, 2)],
)
def test_a_perfect_fixed_model_is_no_collapse(frequency: float, size: float, batch: int) -> None:
    """An object in some of the images: it is absent from many batches."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        looks = []
        for _ in range(150):
            there = rng.random(batch) < frequency
            share = float(np.mean(there * size * rng.uniform(0.3, 1.7, batch)))
            looks.append([1 - share, share])
        assert first_warning(looks, f'{frequency}_{size}_{batch}_{seed}') is None


HEALTHY = [0.1, 0.5, *[0.4 / 17] * 17]
REAL = {
    'right_after_the_source_model': ([HEALTHY] + [[1.0] + [0.0] * 18] * 12, 12),
    'slow': ([[0.6 + 0.004 * i, 0.4 - 0.004 * i] for i in range(101)], 95),
    'rest_of_8_percent': ([[0.92, 0.08]] * FIRST + [[0.99, 0.01]] * 10, FIRST + 7),
    'to_the_rare_class': ([[0.99, 0.01]] * FIRST + [[0.05, 0.95]] * 10, FIRST + 5),
    'dominant_class_changes': ([[0.95, 0.05]] * FIRST + [[0.05, 0.95]] * 10, FIRST + 5),
    'two_of_19_are_left': ([HEALTHY] * FIRST + [[0.49, 0.51] + [0.0] * 17] * 10, FIRST + 7),
    'after_a_look_without_pixels': ([[math.nan] * 2, *[[0.6, 0.4]] * FIRST, *[[1.0, 0.0]] * 9], 28),
}


@pytest.mark.parametrize('name', REAL)
def test_real_collapses(name: str) -> None:
    looks, latest = REAL[name]
    number, _ = first_warning(looks, name)
    assert number <= latest


def test_words() -> None:
    _, found = first_warning([[0.4, 0.6]] * FIRST + [[1.0, 0.0]] * 10, 'words')
    assert found == (
        '100.0% of the target pixels are predicted as class0, 40.0% in the looks before'
    )
    _, found = first_warning(
        [[0.4, 0.2, 0.2, 0.2]] * FIRST + [[0.5, 0.5, 0.0, 0.0]] * 10, 'words_of_classes'
    )
    assert found == '2 of 4 classes are no longer predicted (class2, class3)'


def test_first_and_last_looks_are_kept() -> None:
    hub = MessageHub.get_instance('collapse_kept')
    for i in range(200):
        looks = remember(hub, [i / 200, 1 - i / 200])
    numbers = (looks[:, 0] * 200).round().astype(int).tolist()
    assert numbers == [*range(FIRST), *range(200 - LAST, 200)]
