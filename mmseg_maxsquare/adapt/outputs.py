"""Files of predictions: their names, and how they are written."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from mmseg_maxsquare.engine.atomic_files import AtomicBackend
from mmseg_maxsquare.engine.panel import colorize
from mmseg_maxsquare.evaluation.output_names import names_of

OPACITY = 0.5
SUFFIXES = dict(probabilities='.npz', overlays='.jpg', labels='.png')


@dataclass(frozen=True)
class Predicted:
    """The prediction for an image, at its size.

    Attributes:
        labels: uint8 ``(H, W)``.
        photo: uint8 RGB ``(H, W, 3)``, as viewers show it; None if no overlay is wanted.
        probabilities: float16 ``(C, H, W)``, or None.
    """

    labels: np.ndarray
    photo: np.ndarray | None = None
    probabilities: np.ndarray | None = None


class Outputs:
    """Where the predictions of some images go.

    ``labels/``, ``overlays/`` and ``probabilities/`` have the folders of the images. A file has
    the name of its image without the suffix, and with it where two images of a folder differ
    in nothing else (also not in upper and lower case).

    Args:
        root: Folder of the outputs.
        images: All images, each once.
        source: Folder of the images; None for the one that they share.
        kinds: Some of the keys of SUFFIXES.
        palette: RGB of each class.

    Raises:
        ValueError: If two images would have the same output, or there are over 256 classes.
    """

    def __init__(
        self,
        root: Path,
        images: Sequence[Path],
        source: Path | None,
        kinds: Sequence[str],
        palette: Sequence[Sequence[int]],
    ) -> None:
        if len(palette) > 256:
            raise ValueError(f'label PNGs hold 256 classes at most, the model has {len(palette)}')
        self.root = root
        self.kinds = [kind for kind in SUFFIXES if kind in kinds]  # the labels last
        self.palette = palette
        self.names = dict(zip(images, names_of(images, source), strict=True))

    def path(self, image: Path, kind: str) -> Path:
        """The file of a kind for an image."""
        return self.root / kind / f'{self.names[image]}{SUFFIXES[kind]}'

    def is_done(self, image: Path) -> bool:
        """Whether all files of an image exist; each appears only when it is complete."""
        return all(self.path(image, kind).is_file() for kind in self.kinds)

    def write(self, image: Path, predicted: Predicted) -> None:
        """Write the files of an image."""
        encode = dict(labels=self._labels, overlays=self._overlay, probabilities=_probabilities)
        for kind in self.kinds:
            AtomicBackend().put(encode[kind](predicted), self.path(image, kind))

    def _labels(self, predicted: Predicted) -> bytes:
        """A palette PNG whose pixels are class ids."""
        picture = Image.fromarray(predicted.labels)
        picture.putpalette(bytes(value for rgb in self.palette for value in rgb))
        content = io.BytesIO()
        picture.save(content, 'PNG')
        return content.getvalue()

    def _overlay(self, predicted: Predicted) -> bytes:
        """The photograph blended with the colours of the classes, a JPEG."""
        colours = colorize(predicted.labels, self.palette)
        blend = cv2.addWeighted(predicted.photo, 1 - OPACITY, colours, OPACITY, 0)
        return cv2.imencode('.jpg', blend[..., ::-1])[1].tobytes()


def _probabilities(predicted: Predicted) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, probabilities=np.asarray(predicted.probabilities))
    return content.getvalue()
