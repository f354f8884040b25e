"""The files of a round of self-training: which images, which labels."""

import json
import logging
import math
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from mmengine.dist import barrier, get_dist_info, is_main_process
from torch import nn
from torch.utils.data import Dataset

from ..data_files import BadFileError
from ..datasets.self_training_dataset import ROUND_FILE, SelfTrainingDataset, read_round
from ..methods import cbst
from .prior_file import digest_of, source_prior, stored_prior
from .pseudo_labelling import (
    Labeller,
    read_confidences,
    read_json,
    score_images,
    weights_digest,
    write_confidences,
    write_json,
    write_labels,
)

SELECTED = 'selected.json'
ORIGIN = 'made_of.json'  # weights and rules behind the files of a round
LINE = 60.0  # seconds between two lines of progress
Share = tuple[float, float, float]  # in the first round, added in each further one, at most


@dataclass(frozen=True)
class Rules:
    """How images and labels are chosen; see :class:`SelfTrainingLoop`."""

    rounds: int
    round_iters: int
    portion: Share
    source_share: Share
    policy: str
    select: int | None
    flip: bool
    rare_below: float
    fewest_rare: int
    prior_width: int


class RoundMaker:
    """Makes the files of the rounds; all ranks call it, each does its part of the images.

    Args:
        rules: How images and labels are chosen.
        dataset: Its images are labelled.
        folder: Where the files are.
        seed: Of the run.
        logger: Gets the progress.
    """

    def __init__(
        self,
        rules: Rules,
        dataset: SelfTrainingDataset,
        folder: Path,
        seed: int,
        logger: logging.Logger,
    ) -> None:
        self.rules, self.dataset, self.folder = rules, dataset, folder
        self.seed, self.logger = seed, logger

    def folder_of(self, number: int) -> Path:
        """Where the files of a round are."""
        return self.folder / f'round_{number}'

    def make(self, number: int, model: nn.Module) -> None:
        """Make the files of a round, unless they are there from the very same weights.

        Args:
            number: From 1.
            model: In eval mode.
        """
        images, flip = self.dataset.to_label, self.rules.flip
        origin = {'weights': weights_digest(model), **self._rules()}
        chosen = self._select(Labeller(model, images, None, flip), number, origin)
        self._label(number, Labeller(model, images, self._prior(), flip), chosen, origin)

    def check(self, number: int) -> None:
        """Check the files of a round in which a run resumes.

        Raises:
            FileNotFoundError: If they are missing.
            BadFileError: If they were made by other rules.
        """
        folder = self.folder_of(number)
        origin = read_json(folder / ORIGIN)
        if origin is None or read_round(folder / ROUND_FILE) is None:
            raise FileNotFoundError(
                f'{folder}: the pseudo labels of this round are missing; resume from the last '
                f'checkpoint at or before step {(number - 1) * self.rules.round_iters}'
            )
        changed = [name for name, value in self._rules().items() if origin.get(name) != value]
        if changed:
            raise BadFileError(
                f'{folder}: the pseudo labels of this round were made with other values of '
                f'{", ".join(changed)}; resume with those, or start a new work dir'
            )

    def _rules(self) -> dict:
        """What decides on the files of a round beside the weights, as JSON has it."""
        rules = {key: value for key, value in vars(self.rules).items() if key != 'rounds'}
        images = [self.dataset.to_label.get_data_info(i)['img_path'] for i in self._every()]
        return json.loads(json.dumps({**rules, 'target': digest_of(images)}))

    def _every(self) -> range:
        return range(len(self.dataset.to_label))

    def _select(self, labeller: Labeller, number: int, origin: dict) -> list[int]:
        """Numbers of the target images that are used, chosen by the first round's model."""
        every = self._every()
        if self.rules.select is None:
            return list(every)
        path = self.folder / SELECTED
        found = read_json(path)
        if found is None and number > 1:
            raise BadFileError(
                f'{path}: missing, it names the images of all rounds; restore it, or start a new '
                'work dir'
            )
        if found is None or (number == 1 and found['made_of'] != origin):
            rank, ranks = get_dist_info()
            part = self.folder / f'scores_{rank}.json'
            mine = self._told('choosing images', score_images(labeller, every[rank::ranks]), every)
            write_json(part, dict(mine))
            barrier()
            if is_main_process():
                scores: dict[int, float] = {}
                for file in (self.folder / f'scores_{i}.json' for i in range(ranks)):
                    scores.update({int(k): v for k, v in (read_json(file) or {}).items()})
                best = sorted(scores, key=lambda i: (-scores[i], i))[: self.rules.select]
                write_json(path, dict(images=sorted(best), scores=scores, made_of=origin))
            barrier()
        return (read_json(path) or {})['images']

    def check_prior(self) -> None:
        """Check the spatial prior, if it has been counted before.

        Raises:
            BadFileError: If its file is damaged, or of another source.
        """
        if self.dataset.for_prior is not None:
            stored_prior(*self._prior_of())

    def _prior(self) -> np.ndarray | None:
        """The spatial prior, which one rank counts for all; None without."""
        if self.dataset.for_prior is None:
            return None
        if is_main_process():
            source_prior(*self._prior_of())
        barrier()
        return stored_prior(*self._prior_of())

    def _prior_of(self) -> tuple[Dataset, list[str], int, Path]:
        dataset = self.dataset
        classes = list(dataset.metainfo['classes'])
        return dataset.for_prior, classes, self.rules.prior_width, self.folder

    def _label(self, number: int, labeller: Labeller, chosen: list[int], origin: dict) -> None:
        """Thresholds and labels of a round, unless they are there from the same origin."""
        folder = self.folder_of(number)
        begun, done = folder / ORIGIN, folder / ROUND_FILE
        if is_main_process() and read_json(begun) != origin:
            shutil.rmtree(folder, ignore_errors=True)  # our own files, of other weights or rules
            write_json(begun, origin)
        barrier()
        if done.is_file():
            return
        rank, ranks = get_dist_info()
        mine, what = chosen[rank::ranks], f'round {number} of {self.rules.rounds}:'
        confidences = folder / 'confidences'
        written = write_confidences(labeller, mine, confidences)
        for _ in self._told(f'{what} thresholds', written, mine):
            pass
        barrier()
        classes = len(self.dataset.metainfo['classes'])
        portion = cbst.portion_of_round(number, *self.rules.portion)
        read = partial(read_confidences, confidences, chosen)
        limits, counts = cbst.streamed_thresholds(read, classes, portion, self.rules.policy)
        if not cbst.some_are_confident(counts, portion, self.rules.policy):
            raise BadFileError(
                f'{what} no class has enough pixels for a threshold: the most have '
                f'{counts.max()}, and train_cfg.portion is {portion:g}; raise it'
            )
        labels = write_labels(labeller, mine, limits, folder / 'labels')
        for _ in self._told(f'{what} labels', labels, mine):
            pass
        barrier()
        if is_main_process():
            write_json(done, self._content(number, portion, limits, counts, chosen))
            shutil.rmtree(confidences)
        barrier()

    def _content(
        self, number: int, portion: float, limits: np.ndarray, counts: np.ndarray, chosen: list[int]
    ) -> dict:
        """What the data set and people read of a round."""
        dataset = self.dataset
        share = cbst.portion_of_round(number, *self.rules.source_share)
        order = np.random.default_rng([self.seed, 5]).permutation(len(dataset.source))
        used = order[: max(1, math.floor(share * len(order)))]  # a prefix that grows
        rare = np.flatnonzero(counts < self.rules.rare_below * counts.sum())
        fewest = np.argsort(counts, kind='stable')[: self.rules.fewest_rare]
        names = dataset.metainfo['classes']
        return dict(
            portion=portion,
            thresholds=dict(zip(names, map(float, limits), strict=True)),
            predicted_pixels=dict(zip(names, map(int, counts), strict=True)),
            rare_classes=sorted({*map(int, rare), *map(int, fewest)}),
            source=sorted(map(int, used)),
            target=chosen,
        )

    def _told(self, what: str, items: Iterable, all_of_them: Iterable) -> Iterator:
        """The items, with a line of progress once a minute."""
        total, begin = len(list(all_of_them)), time.monotonic()
        last = begin
        for count, item in enumerate(items, start=1):
            now = time.monotonic()
            if now - last > LINE or count == total:
                left = (now - begin) / count * (total - count) / 60
                note = f'{what}, {count} of {total} images, {left:.0f} min left'
                self.logger.info(note, extra=dict(shown=True))
                last = now
            yield item
