"""A training loop whose resumed runs are identical to uninterrupted ones."""

import random
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.runner import IterBasedTrainLoop, Runner
from mmseg.registry import DATASETS, LOOPS
from torch.utils.data import DataLoader, Dataset

from ..datasets.uda_sampler import derive_seed
from .sample_stream import SeededDataset, StreamBatchSampler
from .schedules import continue_schedules

OWN_ORDER = ('batch_sampler', 'num_batch_per_epoch')


@LOOPS.register_module()
class ResumableTrainLoop(IterBasedTrainLoop):
    """mmengine's loop, but a step depends only on seed, step and checkpoint.

    - A resumed run starts with the batch of its step without reading earlier ones.
    - Each sample is augmented, and each step of the model computed, with random
      states derived from the run's seed and the position in the run.
    - Its schedules are those of its config, also if the config has another length now.
    - A validation that was due at the checkpoint's step is repeated: the run may have
      been killed during it, which the checkpoint does not show.

    A loader that is already built, or whose config has a ``batch_sampler`` or
    ``num_batch_per_epoch``, is read as in mmengine.

    Args:
        runner: The runner.
        dataloader: Config of the loader; its data set takes indices.
        *args: As for :class:`IterBasedTrainLoop`.
        **kwargs: Likewise.
    """

    def __init__(
        self, runner: Runner, dataloader: dict | DataLoader, *args: Any, **kwargs: Any
    ) -> None:
        if isinstance(dataloader, dict) and not any(map(dataloader.get, OWN_ORDER)):
            dataloader = _stream_of(dataloader, runner.seed)
        super().__init__(runner, dataloader, *args, **kwargs)

    def run(self) -> torch.nn.Module:
        """Train to the last step."""
        stream = self.dataloader.batch_sampler
        if not isinstance(stream, StreamBatchSampler):
            return super().run()
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        continue_schedules(self.runner)
        stream.start = self._iter
        batches = iter(self.dataloader)
        if self._iter > 0:
            self._validate_if_due()
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(batches))
            self._validate_if_due()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch: dict) -> None:
        """One step; its randomness (such as dropout) depends on seed, step and rank."""
        seed = derive_seed(self.runner.seed, 4, self._iter, get_rank())
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)  # for all devices, without synchronising
        super().run_iter(data_batch)

    def _validate_if_due(self) -> None:
        self._decide_current_val_interval()
        at_end = self._iter == self._max_iters
        due = self._iter >= self.val_begin and (self._iter % self.val_interval == 0 or at_end)
        if due and self.runner.val_loop is not None:
            self.runner.val_loop.run()


def _stream_of(dataloader: dict, seed: int) -> dict:
    """Config of a loader that reads the same data set as an endless stream."""
    stream = dict(dataloader)
    drop_last = stream.pop('drop_last', False)
    stream['batch_sampler'] = dict(type=StreamBatchSampler, drop_last=drop_last)
    if not _seeds_itself(stream['dataset']):
        stream['dataset'] = dict(type=SeededDataset, dataset=stream['dataset'], seed=seed)
    return stream


def _seeds_itself(dataset: dict | Dataset) -> bool:
    """Whether it is a UDADataset or its config."""
    kind = dataset['type'] if isinstance(dataset, dict) else dataset
    return hasattr(DATASETS.get(kind) if isinstance(kind, str) else kind, 'pair_at')
