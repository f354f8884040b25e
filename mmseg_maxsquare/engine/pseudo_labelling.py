"""Makes the pseudo labels of a round of self-training, image by image, on disk.

Nothing grows with the number of images: the confidences that decide the thresholds go to
files, and each image is predicted again for its label.
"""

import hashlib
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from zipfile import BadZipFile

import cv2
import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.nn.functional import interpolate
from torch.utils.data import Dataset

from ..data_files import BadFileError
from ..methods import cbst
from ..models.predicted_logits import two_classes
from .atomic_files import AtomicBackend

EVERY = 4  # pixel in raster order whose confidence is kept, as in the released codes


class Labeller:
    """Predicts target images with one model.

    Args:
        model: A segmentor.
        images: Data set whose items are images at the size for the network, without labels.
        prior: Spatial prior ``(C, h, w)``, or None.
        flip: Whether the mean with the mirrored image counts.
    """

    def __init__(
        self, model: nn.Module, images: Dataset, prior: np.ndarray | None, flip: bool
    ) -> None:
        self.model, self.images, self.flip = model, images, flip
        self.prior = None if prior is None else torch.from_numpy(prior)[None]

    def maps(self, index: int) -> tuple[Tensor, Tensor]:
        """Probabilities ``(C, H, W)`` at the size of the photograph, without and with the prior."""
        sample = self.images[index]
        size = sample['data_samples'].metainfo['ori_shape'][:2]
        with torch.no_grad():
            data = self.model.data_preprocessor(pseudo_collate([sample]), False)
            inputs = data['inputs']
            probabilities = self._probabilities(inputs, size)
            if self.flip:
                mirrored = self._probabilities(inputs.flip(-1), size).flip(-1)
                probabilities = (probabilities + mirrored) / 2
        weighted = probabilities
        if self.prior is not None:
            prior = interpolate(self.prior.to(probabilities), size, mode='bilinear')
            weighted = probabilities * prior[0]
        return probabilities, weighted

    def _probabilities(self, inputs: Tensor, size: Sequence[int]) -> Tensor:
        shape = inputs.shape[2:]
        logits = two_classes(self.model.inference(inputs, [dict(img_shape=shape, ori_shape=shape)]))
        align = bool(self.model.align_corners)
        logits = interpolate(logits.float(), tuple(size), mode='bilinear', align_corners=align)
        return logits[0].softmax(0)


def weights_digest(model: nn.Module) -> str:
    """Fingerprint of a model's weights."""
    digest = hashlib.sha256()
    for name, value in model.state_dict().items():
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def score_images(labeller: Labeller, numbers: Sequence[int]) -> Iterator[tuple[int, float]]:
    """Class-balanced score of each image; see :func:`cbst.class_balanced_score`."""
    for number in numbers:
        confidence, label = labeller.maps(number)[0].max(0)
        yield number, cbst.class_balanced_score(confidence, label)


def write_confidences(labeller: Labeller, numbers: Sequence[int], folder: Path) -> Iterator[int]:
    """Write ``NUMBER.npz`` with the class and confidence of some pixels, unless it exists."""
    for number in numbers:
        path = folder / f'{number:06d}.npz'
        if not path.is_file():
            confidence, label = labeller.maps(number)[1].max(0)
            chosen = (t.flatten()[::EVERY].cpu().numpy() for t in (label, confidence))
            classes, values = chosen
            _write_arrays(path, classes.astype(np.uint8), values)
        yield number


def read_confidences(
    folder: Path, numbers: Sequence[int]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Predicted classes and confidences of each image.

    Raises:
        BadFileError: If a file is missing or damaged.
    """
    for number in numbers:
        path = folder / f'{number:06d}.npz'
        try:
            with np.load(path) as file:
                yield file['classes'], file['values']
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise BadFileError(f'{path}: damaged ({error}); delete it and resume') from None


def write_labels(
    labeller: Labeller, numbers: Sequence[int], thresholds: np.ndarray, folder: Path
) -> Iterator[int]:
    """Write ``NUMBER.png``, the pseudo label of each image, unless it exists."""
    limits = torch.from_numpy(thresholds)
    for number in numbers:
        path = folder / f'{number:06d}.png'
        if not path.is_file():
            label = cbst.pseudo_labels(labeller.maps(number)[1], limits)
            AtomicBackend().put(cv2.imencode('.png', label.cpu().numpy())[1].tobytes(), path)
        yield number


def write_json(path: Path, content: dict) -> None:
    """Write a JSON file atomically."""
    AtomicBackend().put_text(json.dumps(content, indent=1), path)


def read_json(path: Path) -> dict | None:
    """A JSON file; None if there is none.

    Raises:
        BadFileError: If it is damaged.
    """
    if not path.is_file():
        return None
    try:
        return json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise BadFileError(
            f'{path}: damaged ({error}); delete {path.parent} and resume from the last checkpoint '
            'before this round, or start a new work dir'
        ) from None


def _write_arrays(path: Path, classes: np.ndarray, values: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, classes=classes, values=values)
    AtomicBackend().put(buffer.getvalue(), path)
