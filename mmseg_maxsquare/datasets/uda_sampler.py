"""The reading order of a UDADataset, and the random state of each read."""

import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from mmengine.dist import get_dist_info
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import Dataset, Sampler


class Position(int):
    """Position in the endless stream of pairs, counted by :class:`UDASampler`."""


@DATA_SAMPLERS.register_module()
class UDASampler(Sampler):
    """Counts through the endless stream of pairs of a :class:`UDADataset`.

    The data set itself shuffles: its items depend only on its seed and the
    position. With several ranks, rank r takes positions r, r + ranks, ...

    Args:
        dataset: A :class:`UDADataset`.
        seed: Seed of the run, passed to a data set without its own seed. Defaults
            to None.

    Raises:
        TypeError: If the data set is not a UDADataset.
    """

    def __init__(self, dataset: Dataset, seed: int | None = None) -> None:
        if not hasattr(dataset, 'pair_at'):
            raise TypeError(
                f'UDASampler orders a UDADataset, got {type(dataset).__name__}; '
                "for other data sets write sampler=dict(type='InfiniteSampler', shuffle=True)"
            )
        dataset.adopt_seed(seed)
        self.dataset = dataset
        self.rank, self.world_size = get_dist_info()

    def __iter__(self) -> Iterator[Position]:
        yield from map(Position, itertools.count(self.rank, self.world_size))

    def __len__(self) -> int:
        return len(self.dataset)

    def set_epoch(self, epoch: int) -> None:
        """Does nothing: the positions never end."""


def derive_seed(*key: int) -> int:
    """A 32-bit seed for a tuple of non-negative integers."""
    return int(np.random.SeedSequence(key).generate_state(1)[0])


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seeds Python, NumPy and PyTorch (CPU) during a context.

    The state outside is restored, so that reading data in the training process
    changes nothing else.
    """
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        random.seed(seed)
        np.random.seed(seed)
        torch.default_generator.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python_state)
            np.random.set_state(numpy_state)
