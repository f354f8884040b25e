"""Pairs of a labelled source and an unlabelled target image, or target images alone."""

from typing import Any

import numpy as np
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATASETS
from torch.utils.data import Dataset

from .read_item import read_item
from .uda_sampler import Position, derive_seed, seeded
from .validity import ignore_filled, mark_pixels, move_map

LABELS = ('gt_sem_seg', 'gt_label')  # per pixel, per image
CLASS_KEYS = ('classes', 'palette', 'label_map', 'reduce_zero_label')  # in the facts of a data set


@DATASETS.register_module()
class UDADataset(Dataset):
    """Two data sets read in pairs.

    An item is ``dict(inputs=dict(source=, target=), data_samples=dict(source=,
    target=))``. The indices continue after the end: item ``i`` belongs to epoch
    ``i // len(self)``. In each epoch every image of the longer domain comes once
    and the images of the shorter one equally often (give or take one); both are
    reshuffled. Pair and augmentation depend only on the seed and ``i``. Labels of
    the target data set, if any, are dropped.

    Args:
        source: Labelled data set (or its config); None for target images alone, whose
            items have no ``source``.
        target: Data set of the target images (or its config); needs no labels.
        seed: Seed of order and augmentation. Defaults to None: the seed of the run,
            which :class:`UDASampler` passes on, or 0.

    Raises:
        ValueError: If a domain is empty, the source has no labels, or the
            class lists differ.
    """

    def __init__(
        self, source: dict | Dataset | None, target: dict | Dataset, seed: int | None = None
    ) -> None:
        given = dict(source=source, target=target)
        self.domains = {
            name: _build(name, part) for name, part in given.items() if part is not None
        }
        mark_pixels(self.domains['target'])
        ignore_filled(self.domains.get('source'))
        self.seed = seed
        self._orders: dict[str, tuple[tuple[int, int], np.ndarray]] = {}
        for name, dataset in self.domains.items():
            if len(dataset) == 0:
                raise ValueError(_empty(name, dataset))
        self._check_classes()
        self._check_samples()

    @property
    def metainfo(self) -> dict:
        """Classes and palette, the source's if there is one."""
        return next(iter(self.domains.values())).metainfo

    def adopt_seed(self, seed: int | None) -> None:
        """Use the seed of the run unless the data set was given its own."""
        if self.seed is None:
            self.seed = seed

    def full_init(self) -> None:
        """Does nothing; the runner calls it."""

    def __len__(self) -> int:
        return max(len(dataset) for dataset in self.domains.values())

    def pair_at(self, position: int) -> dict[str, int]:
        """Indices of the source and target image at a position of the stream."""
        epoch, place = divmod(position, len(self))
        return {name: int(self._order(name, epoch)[place]) for name in self.domains}

    def __getitem__(self, position: int) -> dict[str, dict[str, Any]]:
        if not position >= 0:
            raise IndexError(f'position must be at least 0, got {position}')
        items = {}
        for number, (name, index) in enumerate(self.pair_at(position).items()):
            with seeded(derive_seed(self.seed or 0, 2, number, position)):
                items[name] = read_item(self.domains[name], index)
        target = items['target']['data_samples']
        move_map(target)
        # The target is unlabelled by definition: a label must not reach the
        # model, not even as a mask of its void pixels.
        for label in LABELS:
            if label in target:
                delattr(target, label)
        return {
            key: {name: items[name][key] for name in items} for key in ('inputs', 'data_samples')
        }

    def __getitems__(self, positions: list[int]) -> list[dict]:
        """Item for a DataLoader; only accepts positions of a UDASampler.

        Other samplers count 0..len-1 again in every epoch, which would repeat the
        same pairs with the same augmentation in every epoch.
        """
        if not all(isinstance(position, Position) for position in positions):
            raise TypeError(
                'UDADataset needs its own sampler: write '
                "train_dataloader.sampler=dict(type='UDASampler')"
            )
        return [self[position] for position in positions]

    def _order(self, name: str, epoch: int) -> np.ndarray:
        """Indices of a domain in the order of an epoch, ``(len(self),)``."""
        key = (self.seed or 0, epoch)
        if name not in self._orders or self._orders[name][0] != key:
            number, size = list(self.domains).index(name), len(self.domains[name])
            generator = np.random.default_rng([key[0], number, epoch])
            rounds = -(-len(self) // size)
            order = np.concatenate([generator.permutation(size) for _ in range(rounds)])
            self._orders[name] = (key, order[: len(self)].astype(np.int32))
        return self._orders[name][1]

    def _check_classes(self) -> None:
        lists = {name: dataset.metainfo.get('classes') for name, dataset in self.domains.items()}
        if 'source' not in lists:
            return
        if lists['source'] is None:
            raise ValueError(
                f'the source data set ({_describe(self.domains["source"])}) has no class list; '
                'give it metainfo=dict(classes=(...), palette=[...])'
            )
        # A target without a class list is a plain set of images.
        if lists['target'] is not None and list(lists['source']) != list(lists['target']):
            raise ValueError(
                'the class lists of the domains differ:\n'
                f'  source: {list(lists["source"])}\n  target: {list(lists["target"])}\n'
                'use metainfo=dict(classes=...) to bring them into line'
            )

    def _check_samples(self) -> None:
        """Read one sample of each domain, so that an unusable pipeline fails here."""
        for name, dataset in self.domains.items():
            with seeded(0):
                item = read_item(dataset, 0)
            if not {'inputs', 'data_samples'} <= set(item):
                raise ValueError(
                    f'the pipeline of the {name} data set ({_describe(dataset)}) must end with '
                    f"dict(type='PackSegInputs'); it gives {sorted(item)}"
                )
            if name == 'source' and not any(k in item['data_samples'] for k in LABELS):
                raise ValueError(
                    f'the source data set ({_describe(dataset)}) gives no labels: its pipeline '
                    "needs dict(type='LoadAnnotations') and data_prefix a seg_map_path"
                )


def _build(name: str, dataset: dict | Dataset) -> Dataset:
    """The data set of a domain from its config."""
    if not isinstance(dataset, dict):
        return dataset
    if name == 'target' and _type_of(dataset) is ConcatDataset:
        # Unlabelled images have no classes that could differ.
        dataset = dict(dataset, ignore_keys=list(CLASS_KEYS))
    try:
        return DATASETS.build(dataset)
    except ValueError as error:
        # mmengine cannot store an empty list of images and raises a NumPy error.
        try:
            unread = DATASETS.build({**dataset, 'lazy_init': True})
            empty = not unread.load_data_list()
        except (TypeError, AttributeError):  # not a data set of mmengine
            raise error from None
        if empty:
            raise ValueError(_empty(name, unread)) from None
        raise


def _type_of(dataset: dict) -> type | None:
    kind = dataset.get('type')
    return DATASETS.get(kind) if isinstance(kind, str) else kind


def _empty(name: str, dataset: Dataset) -> str:
    return (
        f'the {name} data set ({_describe(dataset)}) is empty; '
        'check its data_root, data_prefix and img_suffix'
    )


def _describe(dataset: Dataset) -> str:
    """Class and image folder of a data set."""
    prefix = getattr(dataset, 'data_prefix', {}).get('img_path')
    return type(dataset).__name__ + (f', images in {prefix}' if prefix else '')
