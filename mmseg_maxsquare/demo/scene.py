"""One street: its objects, painted from back to front."""

import itertools
from collections.abc import Callable

import numpy as np

from .canvas import Canvas

ROAD, WALK, END = 3.6, 7.6, 60.0  # metres: half road, half street, length
# Range of distances of the objects, the method that paints one on a side, and their number.
Kind = tuple[tuple[float, float], Callable[[int, float], None], int]


class Street(Canvas):
    """A street, from its background to the hood of the car that carries the camera."""

    def paint_background(self) -> None:
        """Sky with clouds, the end of the street, slabs of the sidewalk, the marked road."""
        rows = np.clip(np.arange(self.height) / self.horizon, 0, 1)[:, None, None] ** 2
        clouds = np.clip(self.noise(24) - 0.3, 0, 1)[..., None]
        sky = self.colour('sky') + rows * (self.haze - self.colour('sky')) / 2
        self.image[:] = sky + 0.6 * clouds * (self.haze + 25 - sky)
        name = self.rng.choice(['building', 'vegetation'])
        for x in range(-50, 50, 5):
            self.quad((x, x + 5.5), (0, self.uniform(2, 12)), END, self.colour(name), name)
        paving, asphalt, grey = self.colour('sidewalk'), self.colour('road'), self.uniform(190, 230)
        edges = np.geomspace(END, 0.8, 40)
        for i, z in enumerate(zip(edges[1:], edges[:-1], strict=True)):
            shade = 1 + 0.06 * (i % 2) + self.rng.normal(0, 0.02)
            self.quad((-60, 60), 0, z, shade * paving, 'sidewalk')
            self.quad(about(0, ROAD + 0.2), 0, z, 0.7 * paving, 'sidewalk')
            self.quad(about(0, ROAD), 0, z, asphalt * self.rng.normal(1, 0.02), 'road')
        for dash in np.arange(self.uniform(1, 4), END, 5):
            self.quad(about(0, 0.1), 0, (dash, dash + 2.5), np.full(3, grey), 'road')

    def paint_front(self, side: int) -> None:
        """The buildings of one side (-1 left, 1 right) and the fenced green between them."""
        lots = [self.uniform(4, 9)]
        while lots[-1] < END:
            lots.append(lots[-1] + self.uniform(9, 18))
        green = self.uniform(size=len(lots)) < self.uniform(*self.look.gaps)
        green[self.rng.integers(2)] = True
        for z0, z1, is_green in reversed(list(zip(lots, lots[1:], green, strict=False))):
            (self.paint_green if is_green else self.paint_building)(side * WALK, z0, z1)

    def paint_building(self, x: float, z0: float, z1: float) -> None:
        colour, storey = self.colour('building'), self.uniform(2.8, 3.6)
        top = storey * self.count('storeys') + 1
        glass = self.uniform(0.25, 0.6) * colour + self.uniform(0, 40, 3)
        self.quad((x, 5 * x), (0, top), z0, 0.8 * colour, 'building')
        self.quad(x, (0, top), (z0, z1), self.uniform(0.75, 1.1) * colour, 'building')
        columns = np.arange(z0 + 0.8, z1 - 1.5, self.uniform(2.2, 3.2))
        width, height = self.uniform(1.0, 1.6), self.uniform(1.2, 1.9)
        for y, z in itertools.product(np.arange(0.9, top - 2, storey), columns):
            lit = self.uniform(0.8, 1.3) * glass
            self.quad(x, (y, y + height), (z, z + width), lit, 'building')

    def paint_green(self, x: float, z0: float, z1: float) -> None:
        colour, height = self.colour('vegetation'), self.uniform(3, 5)
        self.quad(1.1 * x, (0, height), (z0, z1), colour, 'vegetation')
        for z in np.arange(z1, z0, -3):
            self.leaves(1.1 * x, height, z, self.uniform(1.2, 2.2), colour)
        colour, height = self.colour('fence'), self.uniform(1.8, 2.4)
        self.quad(x, (0, height), (z0, z1), 0.6 * colour, 'fence')
        for z in np.arange(z0, z1 - 0.4, 0.8):
            self.quad(x, (0, height), (z, z + 0.4), 1.15 * colour, 'fence')

    def paint_things(self) -> None:
        """All objects in the street, far ones first."""
        kinds: list[Kind] = [((6, 22), self.paint_car, self.count('cars'))]
        kinds += [((6.5, 10), self.paint_person, self.count('persons'))]
        kinds += [((9, 28), self.paint_tree, self.count('trees'))]
        kinds += [
            ((6.5, 11), self.paint_pole, 3),
            ((8, 16), self.paint_bin, int(self.rng.integers(2))),
        ]
        things = [(self.uniform(*z), paint) for z, paint, count in kinds for _ in range(count)]
        for z, paint in sorted(things, key=lambda thing: -thing[0]):
            paint(self.rng.choice([-1, 1]), z)

    def paint_car(self, side: int, z: float) -> None:
        x, h, back = side * self.uniform(1.6, 2.4), self.uniform(1.5, 1.9), z + 3.8
        inner, body, cabin = x - 0.95 * side, (0.25, 0.55 * h), (0.55 * h, h)
        colour, dark = self.uniform(20, 230, 3), np.full(3, 25.0)
        self.quad(about(x, 0.95), 0, (z, back), dark, 'car')
        self.quad(inner, body, (z, back), 0.8 * colour, 'car')
        self.quad(inner, cabin, (z + 0.5, back - 1), 0.4 * dark + 0.3 * colour, 'car')
        for wheel in (z + 0.8, back - 0.8):
            self.quad(inner, (0, 0.6), about(wheel, 0.35), dark, 'car')
        for wheel in (x - 0.7, x + 0.7):
            self.quad(about(wheel, 0.15), (0, 0.4), z, dark, 'car')
        self.quad(about(x, 0.95), body, z, colour, 'car')
        self.quad(about(x, 0.8), cabin, z, 0.9 * colour, 'car')
        self.quad(about(x, 0.66), (0.6 * h, 0.92 * h), z, dark + 40, 'car')
        for lamp in (x - 0.75, x + 0.75):
            self.quad(about(lamp, 0.15), (0.38 * h, 0.5 * h), z, np.array((220, 40, 30)), 'car')

    def paint_person(self, side: int, z: float) -> None:
        x, h = side * self.uniform(ROAD + 0.8, min(WALK - 0.8, 0.7 * z)), self.uniform(1.7, 2.0)
        shirt, skin = self.uniform(20, 220, 3), self.uniform(0.45, 1) * np.array((235, 190, 160))
        trousers, step = self.uniform(15, 110, 3), self.uniform(0.1, 0.22)
        for leg in (x - step, x + step):
            self.quad(about(leg, 0.2), (0, 0.5 * h), z, trousers, 'person')
        self.quad(about(x, 0.5), (0.5 * h, 0.8 * h), z, 0.85 * shirt, 'person')
        self.quad(about(x, 0.33), (0.42 * h, 0.84 * h), z, shirt, 'person')
        self.blob(x, 0.92 * h, z, (0.22, 0.25), skin, 'person')

    def paint_tree(self, side: int, z: float) -> None:
        x, colour, radius = side * (WALK - 0.8), self.colour('vegetation'), self.uniform(1.2, 2.0)
        if self.uniform() < 0.3:
            self.leaves(x, 0.5 * radius, z, 0.7 * radius, colour)
            return
        trunk = self.uniform(0.8, 1.3) * np.array((84, 64, 48))
        self.quad(about(x, 0.22), (0, 3), z, trunk, 'vegetation')
        self.leaves(x, 2.6 + radius, z, radius, colour)

    def paint_pole(self, side: int, z: float) -> None:
        x, kind = side * (ROAD + 0.5), self.rng.choice(['light', 'sign', 'none'], p=[0.5, 0.4, 0.1])
        self.quad(about(x, 0.34), (0, 6), z, self.colour('pole'), 'pole')
        if kind == 'light':
            self.quad(about(x, 0.6), (2.0, 4.4), z, np.full(3, 28.0), 'traffic light')
            lamps, lit = ((230, 40, 30), (240, 180, 40), (40, 210, 90)), self.rng.integers(3)
            for i, lamp in enumerate(lamps):
                shade = np.array(lamp) * (1 if i == lit else 0.3)
                self.blob(x, 3.9 - 0.7 * i, z, 0.32, shade, 'traffic light')
        elif kind == 'sign':
            self.paint_sign(x, self.uniform(2.4, 3.0), z)

    def paint_sign(self, x: float, y: float, z: float) -> None:
        face = self.rng.permutation([(200, 40, 40), (40, 80, 180), (230, 200, 60)])[0]
        if self.uniform() < 0.5:
            self.blob(x, y, z, 0.85, face, 'traffic sign')
            self.blob(x, y, z, 0.55, np.full(3, 225), 'traffic sign')
        else:
            self.quad(about(x, 0.9), about(y, 0.65), z, face, 'traffic sign')
            self.quad(about(x, 0.65), about(y, 0.2), z, face + 120, 'traffic sign')

    def paint_bin(self, side: int, z: float) -> None:
        self.quad(about(side * 7, 0.4), (0, 1.1), z, self.uniform(40, 120, 3), 'static')

    def paint_hood(self) -> None:
        z, width = self.focal / self.width, self.uniform(0.35, 0.45)
        low = self.camera - (self.height - self.horizon) / self.width
        self.blob(0, low, z, (width, 0.045), self.uniform(20, 90, 3), 'ego vehicle')


def about(middle: float, half: float) -> tuple[float, float]:
    return middle - half, middle + half


def draw_scene(
    rng: np.random.Generator, gap: float = 0.0, image_size: tuple[int, int] = (256, 128)
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one street.

    Args:
        rng: The random generator.
        gap: The look: 0 is the source's, 1 the target's; values between interpolate.
        image_size: (width, height).

    Returns:
        RGB image, uint8 ``(H, W, 3)``, and Cityscapes label ids, uint8 ``(H, W)``.
    """
    street = Street(rng, gap, image_size)
    street.paint_background()
    for side in (-1, 1):
        street.paint_front(side)
    street.paint_things()
    if rng.uniform() < 0.6:
        street.paint_hood()
    return street.finish()
