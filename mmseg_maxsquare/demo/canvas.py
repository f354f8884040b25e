"""A canvas in perspective: draws shapes given in metres as an image and its label ids."""

import itertools
import math
from types import SimpleNamespace

import cv2
import numpy as np

from mmseg_maxsquare.datasets.cityscapes import CITYSCAPES_IDS, CLASSES

from .looks import LOOKS, TEXTURE

# Cityscapes label id of every class; the last two are ignored in training.
IDS = {CLASSES[train_id]: i for i, train_id in CITYSCAPES_IDS.items()}
IDS |= {'ego vehicle': 1, 'static': 4}
SCALE, FOCAL = 2, 0.65  # supersampling; focal length in image widths
Span = float | tuple[float, float]


class Canvas:
    """An image and its label ids, painted from back to front.

    Points are (right, up, ahead) of the foot of the camera, in metres.

    Args:
        rng: The random generator.
        gap: The look: 0 is the source's, 1 the target's; values between interpolate.
        size: Of the image, (width, height).
    """

    def __init__(self, rng: np.random.Generator, gap: float, size: tuple[int, int]) -> None:
        looks = {key: [np.asarray(v, float) for v in pair] for key, pair in LOOKS.items()}
        self.look = SimpleNamespace(**{key: a + gap * (b - a) for key, (a, b) in looks.items()})
        self.rng, self.uniform = rng, rng.uniform
        self.width, self.height = (SCALE * side for side in size)
        self.image = np.zeros((self.height, self.width, 3), np.float32)
        self.labels = np.full((self.height, self.width), IDS['sky'], np.uint8)
        self.focal, self.centre = FOCAL * self.width, self.width * self.uniform(0.4, 0.6)
        self.horizon = self.height * self.uniform(*self.look.horizon)
        self.camera, self.fog = self.uniform(*self.look.camera), self.uniform(*self.look.fog)
        self.haze = self.colour('haze')

    def colour(self, name: str) -> np.ndarray:
        """A random mixture of two of the colours of the look."""
        a, b = self.rng.permutation(getattr(self.look, name))[:2]
        return a + self.uniform() * (b - a) + self.rng.normal(0, 8) + self.rng.normal(0, 3, 3)

    def count(self, name: str) -> int:
        return round(self.uniform(*getattr(self.look, name)))

    def pixel(self, x: float, y: float, z: float) -> tuple[int, int]:
        scale = self.focal / z
        return round(self.centre + scale * x), round(self.horizon + scale * (self.camera - y))

    def foggy(self, colour: np.ndarray, z: float) -> list[float]:
        clear = math.exp(-self.fog * z)
        return (clear * colour + (1 - clear) * self.haze).tolist()

    def quad(self, x: Span, y: Span, z: Span, colour: np.ndarray, name: str) -> None:
        """A rectangle in space: two of x, y and z are ranges, one is a number."""
        spans = [span if isinstance(span, tuple) else (span,) for span in (x, y, z)]
        a, b, c, d = itertools.starmap(self.pixel, itertools.product(*spans))
        pixels, distance = np.array([a, b, d, c], np.int32), sum(spans[2]) / len(spans[2])
        cv2.fillPoly(self.image, [pixels], self.foggy(colour, distance))
        cv2.fillPoly(self.labels, [pixels], IDS[name])

    def blob(
        self, x: float, y: float, z: float, radii: Span, colour: np.ndarray, name: str
    ) -> None:
        """An ellipse that faces the camera."""
        radii = radii if isinstance(radii, tuple) else (radii, radii)
        middle, axes = self.pixel(x, y, z), [round(self.focal * r / z) for r in radii]
        cv2.ellipse(self.image, middle, axes, 0, 0, 360, self.foggy(colour, z), -1)
        cv2.ellipse(self.labels, middle, axes, 0, 0, 360, IDS[name], -1)

    def leaves(self, x: float, y: float, z: float, radius: float, colour: np.ndarray) -> None:
        """A tree crown or bush of many blobs, the upper ones lighter."""
        for dx, dy in self.uniform(-0.7, 0.7, (12, 2)) * radius:
            shade = (1 + 0.3 * dy / radius) * self.uniform(0.8, 1.2)
            size = radius * self.uniform(0.3, 0.5)
            self.blob(x + dx, y + dy, z, size, shade * colour, 'vegetation')

    def noise(self, cell: int) -> np.ndarray:
        """Random patches of about cell pixels, float32 (height, width)."""
        grid = self.rng.normal(size=(self.height // cell + 2, self.width // cell + 2))
        return cv2.resize(grid.astype(np.float32), (self.width, self.height))

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """The image as taken by the camera of the domain, and the labels."""
        amount = np.full(256, 0.06, np.float32)
        amount[[IDS[name] for name in TEXTURE]] = list(TEXTURE.values())
        texture = amount[self.labels] * sum(self.noise(cell) for cell in (3, 10, 36)) / 2
        image = self.image * (1 + texture[..., None])
        size = (self.width // SCALE, self.height // SCALE)
        image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        image = np.clip(image * self.look.light / 255, 0, 1) ** self.uniform(*self.look.gamma)
        image = image.mean() + (image - image.mean()) * self.uniform(*self.look.contrast)
        image = cv2.GaussianBlur(255 * image, (0, 0), self.uniform(*self.look.blur))
        image += self.rng.normal(0, self.uniform(*self.look.noise), image.shape)
        return np.clip(image, 0, 255).astype(np.uint8), self.labels[::SCALE, ::SCALE].copy()
