"""Labelled source images and pseudo-labelled target images, mixed anew in each round."""

import json
import os
from pathlib import Path
from typing import Any

import mmcv
import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.datasets.transforms import RandomCrop
from mmseg.registry import DATASETS, TRANSFORMS
from torch.utils.data import Dataset

from ..data_files import BadFileError
from .self_training_pipelines import check_pipelines
from .uda_dataset import _build
from .uda_sampler import Position, derive_seed, seeded

ROUND_FILE = 'round.json'
ROUND_KEYS = ('source', 'target', 'rare_classes')


@DATASETS.register_module()
class SelfTrainingDataset(Dataset):
    """What a :class:`SelfTrainingLoop` trains on.

    In each round a part of the source and the pseudo-labelled images of the target form one
    list, which is reshuffled in every pass. An item is that of a plain data set; which it
    is depends only on the seed, the position in the stream, and the files of the round.

    Args:
        source: Labelled data set (or its config).
        target: Config of the data set of the target images; its pipeline has
            :class:`LoadPseudoLabels` after the image is loaded.
        labelling_pipeline: Transforms of the target images for the prediction of pseudo labels,
            such as a test pipeline without labels.
        prior_pipeline: Transforms of the source images from which the spatial prior is
            counted; only labels count. Defaults to None: there is no prior.
        seed: Seed of order and augmentation. Defaults to None: the seed of the run.

    Raises:
        ValueError: If the class lists of the domains differ, or of :func:`check_pipelines`.

    Attributes:
        folder: Where the loop keeps the files of the rounds.
        round_samples: Positions in a round, over all ranks.
    """

    def __init__(
        self,
        source: dict | Dataset,
        target: dict,
        labelling_pipeline: list,
        prior_pipeline: list | None = None,
        seed: int | None = None,
    ) -> None:
        self.source, self.target = _build('source', source), _build('target', target)
        check_pipelines(target.get('pipeline') or (), labelling_pipeline, prior_pipeline)
        self.to_label = _build('target', {**target, 'pipeline': labelling_pipeline})
        self.for_prior: Dataset | None = None
        if prior_pipeline is not None:
            if not isinstance(source, dict):
                raise TypeError('prior_pipeline needs source as a config, got a data set')
            self.for_prior = _build('source', {**source, 'pipeline': prior_pipeline})
        self.seed = seed
        self.folder = Path()  # set by the loop
        self.round_samples = 0
        self._round: tuple[int, dict] | None = None
        classes = [part.metainfo.get('classes') for part in (self.source, self.target)]
        if list(classes[0] or ()) != list(classes[1] or ()):
            raise ValueError(f'the class lists of the domains differ: {classes[0]}, {classes[1]}')

    @property
    def metainfo(self) -> dict:
        """Classes and palette."""
        return self.source.metainfo

    @property
    def domains(self) -> dict[str, Dataset]:
        """Both data sets by name."""
        return dict(source=self.source, target=self.target)

    def full_init(self) -> None:
        """Does nothing; the runner calls it."""

    def adopt_seed(self, seed: int | None) -> None:
        """Use the seed of the run unless the data set was given its own."""
        if self.seed is None:
            self.seed = seed

    def __len__(self) -> int:
        return len(self.source) + len(self.target)

    def pair_at(self, position: int) -> tuple[str, int]:
        """Domain and index of the image at a position of the stream."""
        if not self.round_samples:
            raise TypeError("a SelfTrainingDataset needs train_cfg.type='SelfTrainingLoop'")
        number, place = divmod(position, self.round_samples)
        items = self._items(number + 1)
        lap, place = divmod(place, len(items))
        generator = np.random.default_rng([self.seed or 0, number, lap])
        domain, index = items[int(generator.permutation(len(items))[place])]
        return domain, index

    def __getitem__(self, position: int) -> dict[str, Any]:
        domain, index = self.pair_at(position)
        with seeded(derive_seed(self.seed or 0, 2, position)):
            if domain == 'source':
                return self._load(self.source, index, {})
            return self._load(self.target, index, {'pseudo_label': self._label(position, index)})

    def __getitems__(self, positions: list[int]) -> list[dict]:
        """Items for a DataLoader; only accepts positions of a UDASampler."""
        if not all(isinstance(position, Position) for position in positions):
            raise TypeError("SelfTrainingDataset needs train_dataloader.sampler.type='UDASampler'")
        return [self[position] for position in positions]

    def _load(self, dataset: Dataset, index: int, more: dict) -> dict[str, Any]:
        rare = self._round[1]['rare_classes'] if self._round else []
        info = dataset.get_data_info(index)
        return dataset.pipeline({**info, 'rare_classes': rare, **more})

    def _label(self, position: int, index: int) -> str:
        number = position // self.round_samples + 1
        return str(self.folder / f'round_{number}' / 'labels' / f'{index:06d}.png')

    def _items(self, number: int) -> list[tuple[str, int]]:
        """Images of a round, read from its file once."""
        if self._round is None or self._round[0] != number:
            content = read_round(self.folder / f'round_{number}' / ROUND_FILE)
            if content is None:
                raise BadFileError(f'{self.folder}: no file of round {number}')
            self._round = number, content
        found = self._round[1]
        return [(domain, i) for domain in ('source', 'target') for i in found[domain]]


def read_round(path: Path) -> dict | None:
    """The images and rare classes of a round; None if there is no file.

    Raises:
        BadFileError: If it is damaged.
    """
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
        whole = all(isinstance(content[key], list) for key in ROUND_KEYS)
    except (ValueError, KeyError, TypeError):
        whole = False
    if not whole:
        raise BadFileError(
            f'{path}: damaged; delete {path.parent} and resume from the last checkpoint before '
            'this round'
        )
    return content


@TRANSFORMS.register_module()
class LoadPseudoLabels(BaseTransform):
    """Loads the pseudo label of an image instead of its label.

    Its place is after the image loader, and before anything that moves pixels.
    """

    def transform(self, results: dict) -> dict:
        """Put the train ids, uint8 ``(H, W)``, into ``results['gt_seg_map']``."""
        path = results.get('pseudo_label')
        shape = results['img'].shape[:2]
        if path is None:  # before the first round, when the pipeline is tried
            results['gt_seg_map'] = np.full(shape, 255, np.uint8)
        else:
            results['gt_seg_map'] = read_pseudo_label(path, shape)
        results.setdefault('seg_fields', []).append('gt_seg_map')
        return results


def read_pseudo_label(path: str, shape: tuple[int, int]) -> np.ndarray:
    """The label of a round, uint8 ``(H, W)``.

    Raises:
        BadFileError: If it is missing, damaged, or of another size than its image.
    """
    try:
        label = mmcv.imread(path, flag='unchanged', backend='pillow')
        found = 'no picture' if label is None else f'{label.dtype} {label.shape}'
    except (OSError, ValueError, SyntaxError) as error:
        label, found = None, str(error) or type(error).__name__
    if label is None or label.dtype != np.uint8 or label.shape != shape:
        folder = os.path.dirname(os.path.dirname(path))
        raise BadFileError(
            f'{path}: found {found}, expected a pseudo label, uint8 {shape}; delete {folder} and '
            'resume from the last checkpoint before this round'
        )
    return label


@TRANSFORMS.register_module()
class RareClassCrop(RandomCrop):
    """A random crop that is often centred on a pixel of a rare class.

    Args:
        crop_size: ``(height, width)``.
        prob: Probability of a crop around a rare class, if the label has one. Defaults to 0.8.
        **kwargs: As for mmseg's :class:`RandomCrop`.
    """

    def __init__(self, crop_size: int | tuple[int, int], prob: float = 0.8, **kwargs: Any) -> None:
        super().__init__(crop_size, **kwargs)
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}')
        self.prob = prob

    def crop_bbox(self, results: dict) -> tuple:
        """Top, bottom, left and right of the crop."""
        rare = [c for c in results.get('rare_classes', ()) if (results['gt_seg_map'] == c).any()]
        if not rare or np.random.random() >= self.prob:
            return super().crop_bbox(results)
        rows, columns = np.nonzero(results['gt_seg_map'] == np.random.choice(rare))
        pixel = np.random.randint(len(rows))
        height, width = results['img'].shape[:2]
        top, left = (
            int(np.clip(centre - side // 2, 0, max(size - side, 0)))
            for centre, side, size in (
                (rows[pixel], self.crop_size[0], height),
                (columns[pixel], self.crop_size[1], width),
            )
        )
        return top, top + self.crop_size[0], left, left + self.crop_size[1]
