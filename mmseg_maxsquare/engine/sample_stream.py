"""The endless stream of training samples, which can start at any step.

The images of a step, and their augmentation, depend only on the run's seed and the
position in the stream: not on workers, on earlier reads, or on how often the run was
stopped.
"""

import itertools
from collections.abc import Iterator

from mmengine.dist import get_dist_info
from mmseg.registry import DATASETS
from torch.utils.data import BatchSampler, Dataset, Sampler

from ..datasets.uda_sampler import Position, derive_seed, seeded


class Draw(int):
    """Index of an image, with the ``position`` in the stream at which it was drawn."""

    position: int

    def __new__(cls, index: int, position: int) -> 'Draw':
        draw = super().__new__(cls, index)
        draw.position = position
        return draw

    def __reduce__(self) -> tuple:
        return Draw, (int(self), self.position)  # when sent to a worker


class SeededDataset(Dataset):
    """A data set whose random augmentation depends only on seed and position.

    Args:
        dataset: A data set that takes indices (or its config).
        seed: Of the run.
    """

    def __init__(self, dataset: dict | Dataset, seed: int) -> None:
        self.dataset = DATASETS.build(dataset) if isinstance(dataset, dict) else dataset
        self.seed = seed

    @property
    def metainfo(self) -> dict:
        """Classes and palette, if the data set has any."""
        return self.dataset.metainfo

    def full_init(self) -> None:
        """Called by the runner for data sets that read their list late."""
        if hasattr(self.dataset, 'full_init'):
            self.dataset.full_init()

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, draw: Draw) -> dict:
        with seeded(derive_seed(self.seed, 3, draw.position)):
            return self.dataset[int(draw)]


class StreamBatchSampler(BatchSampler):
    """Endless batches, beginning with the batch of a given step.

    A sampler that ends starts its next epoch. Before ``start``, indices are counted
    but no data are read.

    Args:
        sampler: Gives the indices.
        batch_size: Samples in a batch.
        drop_last: Whether an epoch's last batch is left out if it is smaller.

    Attributes:
        start: First step. None gives no batches: mmengine 0.10.7 opens the loader
            before it knows the step at which a run resumes.
        stop: Step before which the batches end; None for endless ones.
    """

    def __init__(self, sampler: Sampler, batch_size: int, drop_last: bool = False) -> None:
        super().__init__(sampler, batch_size, drop_last)
        self.rank, self.world_size = get_dist_info()
        self.start: int | None = None
        self.stop: int | None = None

    def __iter__(self) -> Iterator[list[int]]:
        if self.start is not None:
            yield from itertools.islice(self._batches(), self.start, self.stop)

    def _batches(self) -> Iterator[list[int]]:
        positions = itertools.count(self.rank, self.world_size)
        for epoch in itertools.count():
            if hasattr(self.sampler, 'set_epoch'):
                self.sampler.set_epoch(epoch)
            for batch in super().__iter__():
                # A UDASampler already returns positions.
                yield [i if isinstance(i, Position) else Draw(i, next(positions)) for i in batch]
