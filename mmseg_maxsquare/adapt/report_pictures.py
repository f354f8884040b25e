"""Pictures of the report as data URIs: photographs, label maps, confidence maps."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

LONG_SIDE = 640  # pixels, of photographs and label maps
CONFIDENCE_SIDE = 480
QUALITY = 85  # of a JPEG
SHRINK = 0.75  # from one try to the next if pictures take too much space
SMALLEST = 64  # pixels; pictures are not shrunk further


@dataclass(frozen=True)
class Pictures:
    """Data URIs of one image.

    Attributes:
        width: Of photograph and label maps, in pixels.
        height: Likewise.
        photo: JPEG.
        before: PNG with a palette: labels of the source model.
        after: Likewise of the adapted model.
        confidence_before: JPEG in the colours of :func:`heat`.
        confidence_after: Likewise.
    """

    width: int
    height: int
    photo: str
    before: str
    after: str
    confidence_before: str
    confidence_after: str

    @property
    def size(self) -> int:
        """Characters of all."""
        uris = (self.photo, self.before, self.after)
        return sum(map(len, (*uris, self.confidence_before, self.confidence_after)))


def encode(
    photo: np.ndarray,
    labels: tuple[np.ndarray, np.ndarray],
    confidences: tuple[np.ndarray, np.ndarray],
    palette: Sequence[Sequence[int]],
    limit: int,
) -> Pictures:
    """Encode the pictures of one image, smaller ones if they take too much space.

    Args:
        photo: uint8 RGB ``(H, W, 3)``.
        labels: Before and after, integers ``(H, W)``.
        confidences: Before and after, ``(H, W)`` in [0, 1].
        palette: RGB of each class, 0-255.
        limit: Characters that all data URIs together may take.

    Raises:
        ValueError: If the shapes differ.
    """
    shapes = {each.shape[:2] for each in (photo, *labels, *confidences)}
    if len(shapes) > 1:
        raise ValueError(f'photo, labels and confidences differ in size: {sorted(shapes)}')
    side = min(LONG_SIDE, max(photo.shape[:2]))
    while True:
        small = shrunk(photo, side)
        pictures = Pictures(
            width=small.shape[1],
            height=small.shape[0],
            photo=jpeg(small),
            before=label_png(shrunk(labels[0].astype(np.uint8), side, cv2.INTER_NEAREST), palette),
            after=label_png(shrunk(labels[1].astype(np.uint8), side, cv2.INTER_NEAREST), palette),
            confidence_before=jpeg(heat(shrunk(confidences[0], min(side, CONFIDENCE_SIDE)))),
            confidence_after=jpeg(heat(shrunk(confidences[1], min(side, CONFIDENCE_SIDE)))),
        )
        if pictures.size <= limit or side <= SMALLEST:
            return pictures
        side = round(side * SHRINK)


def shrunk(image: np.ndarray, side: int, interpolation: int = cv2.INTER_AREA) -> np.ndarray:
    """The image with a long side of at most ``side`` pixels."""
    height, width = image.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return image
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    image = image.astype(np.float32) if image.dtype == np.float16 else image
    return cv2.resize(image, size, interpolation=interpolation)


def heat(values: np.ndarray) -> np.ndarray:
    """Viridis colours, uint8 RGB ``(H, W, 3)``, of values in [0, 1]; NaN counts as 0."""
    levels = (np.clip(np.nan_to_num(values), 0, 1) * 255).round().astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)


def heat_scale(steps: int = 8) -> list[str]:
    """CSS colours of :func:`heat` at evenly spaced values from 0 to 1."""
    return [css_colour(rgb) for rgb in heat(np.linspace(0, 1, steps)[None])[0]]


def css_colour(rgb: Sequence[int]) -> str:
    """A CSS colour, such as ``#804080``."""
    red, green, blue = (int(value) for value in rgb)
    return f'#{red:02x}{green:02x}{blue:02x}'


def jpeg(image: np.ndarray) -> str:
    """A data URI of an RGB image ``(H, W, 3)``."""
    bgr = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return _data_uri('image/jpeg', data.tobytes())


def label_png(labels: np.ndarray, palette: Sequence[Sequence[int]]) -> str:
    """A data URI of a label map, uint8 ``(H, W)``; labels outside the palette are black."""
    table = np.zeros((256, 3), dtype=np.uint8)
    table[: len(palette)] = palette
    image = Image.fromarray(labels).convert('L')
    image.putpalette(table.tobytes())
    stream = io.BytesIO()
    image.save(stream, format='PNG', optimize=True)
    return _data_uri('image/png', stream.getvalue())


def _data_uri(kind: str, data: bytes) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode("ascii")}'
