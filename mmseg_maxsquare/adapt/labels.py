"""Label files of target images, which only ever score a model."""

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets import LabelIdDataset
from mmseg_maxsquare.datasets.loading import IGNORE, look_up, read_label_ids
from mmseg_maxsquare.runs.errors import one_line

from .image_names import best_of, namings
from .pipelines import leaf

FIELDS = ('img_suffix', 'seg_map_suffix', 'reduce_zero_label')


@dataclass(frozen=True)
class Labels:
    """Images and their label files, in the format of the config's test data.

    Attributes:
        pairs: Image and label.
        kind: Class of the test data set; one of ours maps the ids of the files.
        classes: Names, in the model's order.
        from_one: Whether id 0 is ignored and id 1 is the first class, as in ADE20K.
    """

    pairs: list[tuple[Path, Path]]
    kind: type
    classes: list[str]
    from_one: bool

    def read(self, path: Path) -> np.ndarray:
        """Train ids ``(H, W)``; 255 is ignored.

        Raises:
            ValueError: If it is no label file of these classes.
        """
        try:
            if issubclass(self.kind, LabelIdDataset):
                ids = self.kind.read_label(path.read_bytes())
                return look_up(ids, self.kind.get_label_map(self.classes), str(path))
            ids = read_label_ids(path.read_bytes())
        except BadFileError as error:
            raise ValueError(f'--labels: {error}') from None
        except ValueError as error:
            raise ValueError(f'--labels: {path} {error}') from None
        except Exception as error:  # decoders raise all kinds
            raise ValueError(
                f'--labels: {path} is not a readable image: {one_line(error)}; copy it again'
            ) from None
        if self.from_one:
            ids = np.where(np.isin(ids, (0, IGNORE)), IGNORE, ids - 1).astype(np.uint8)
        count = len(self.classes)
        unknown = sorted(set(np.unique(ids).tolist()) - {*range(count), IGNORE})
        if unknown:
            raise ValueError(
                f'--labels: {path} holds ids {unknown[:5]}, expected 0 to {count - 1} and {IGNORE}'
            )
        return ids


def find_labels(cfg: Config, folder: Path, images: list[Path], target: Path, meta: dict) -> Labels:
    """The label files of images, at the same place below their folder.

    Args:
        cfg: The user's config.
        folder: Of the labels.
        images: Paths, not resolved: a link's label has the name of the link.
        target: Folder of the images, one image, or a list.
        meta: ``classes`` of the model.

    Raises:
        ValueError: If the folder is missing or fits no image, a file is no label, or the label
            of two images.
    """
    if not folder.is_dir():
        raise ValueError(f'--labels: no folder {folder}')
    dataset = next(
        (
            leaf(cfg[name]['dataset'])
            for name in ('test_dataloader', 'val_dataloader')
            if cfg.get(name)
        ),
        {},
    )
    kind = dataset.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    own = {name: dataset.get(name, default_of(kind, name)) for name in FIELDS}
    pairings = [
        [
            (image, folder / label_name(Path(name), own['img_suffix'], own['seg_map_suffix']))
            for image, name in zip(images, names, strict=True)
        ]
        for names in namings(images, target)
    ]
    found = best_of(pairings)
    if not found:
        raise ValueError(
            f'--labels: {folder} fits no image: there is no {pairings[0][0][1]}; expected label '
            'files with the names of the images'
        )
    labels = Labels(found, kind or object, meta['classes'], bool(own['reduce_zero_label']))
    for _, path in found:
        labels.read(path)
    return labels


def default_of(kind: object, name: str) -> Any:
    """Default of an argument of a data set class, such as Cityscapes' suffixes."""
    parameter = inspect.signature(kind).parameters.get(name) if callable(kind) else None
    return None if parameter is None or parameter.default is parameter.empty else parameter.default


def label_name(image: Path, img_suffix: Any, seg_map_suffix: str | None) -> Path:
    """Name of an image's label file.

    Args:
        image: Name of the image.
        img_suffix: Suffix, or suffixes, that the data set replaces; any other one is replaced
            from its last dot on.
        seg_map_suffix: What replaces it. Defaults to '.png'.
    """
    suffixes = [img_suffix] if isinstance(img_suffix, str) else [*(img_suffix or ())]
    stem = next(
        (image.name.removesuffix(s) for s in suffixes if image.name.endswith(s)), image.stem
    )
    return image.with_name(stem + (seg_map_suffix or '.png'))
