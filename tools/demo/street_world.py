"""Draw a small street world with a domain gap, in the files of GTA5 and Cityscapes.

As in: python tools/demo/street_world.py data/street_world
"""

import argparse
import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import cv2
import numpy as np
from PIL import Image

from mmseg_maxsquare.datasets import GTA5Dataset
from mmseg_maxsquare.datasets.label_ids import CITYSCAPES_IDS

CLASSES, PALETTE = (GTA5Dataset.METAINFO[key] for key in ('classes', 'palette'))
# The last two are ignored in training.
IDS = {CLASSES[t]: i for i, t in CITYSCAPES_IDS.items()} | {'ego vehicle': 1, 'static': 4}
DRAWN_CLASSES = (
    'road', 'sidewalk', 'building', 'fence', 'pole', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'car',
)  # fmt: skip
SIZES = dict(source=160, source_val=30, target=120, target_val=40)
CITIES = dict(train='duskford', val='mistham')

# The domain gap: 0 gives the target the look of the source, 1 its own, values between
# mix. For a harder or easier world change this number; LOOKS has the single differences.
GAP = 1.0
LOOKS = dict(  # (source, target); colours are RGB and mixed at random, the rest are ranges
    road=(((72, 72, 78), (104, 102, 100)), ((104, 100, 96), (146, 138, 128))),
    sidewalk=(((138, 134, 128), (178, 172, 162)), ((112, 102, 98), (162, 150, 138))),
    building=(
        ((196, 164, 124), (152, 84, 62), (206, 204, 198), (118, 122, 136)),
        ((136, 118, 104), (176, 150, 118), (104, 98, 104), (158, 128, 112)),
    ),
    vegetation=(((38, 92, 30), (96, 134, 48)), ((58, 80, 34), (118, 112, 46))),
    sky=(((84, 144, 224), (156, 200, 244)), ((172, 170, 176), (214, 204, 192))),
    fence=(((112, 84, 58), (158, 152, 146)), ((90, 88, 80), (136, 126, 110))),
    pole=(((70, 72, 74), (120, 120, 118)), ((88, 84, 78), (134, 126, 116))),
    haze=(((190, 210, 230), (200, 214, 228)), ((200, 190, 178), (212, 200, 184))),
    fog=((0.000, 0.004), (0.006, 0.015)),  # per metre
    light=((1.0, 1.0, 0.98), (0.90, 0.82, 0.70)),  # factor of red, green and blue
    gamma=((0.90, 1.05), (1.0, 1.15)),
    contrast=((1.0, 1.15), (0.8, 1.0)),
    noise=((1, 3), (3, 5)),  # grey values
    blur=((0.2, 0.4), (0.4, 0.7)),  # pixels
    camera=((1.4, 1.7), (1.8, 2.2)),  # metres above the road
    horizon=((0.42, 0.47), (0.38, 0.43)),  # of the image height
    storeys=((2, 6), (3, 7)),
    gaps=((0.2, 0.4), (0.3, 0.6)),  # share of the street front without building
    cars=((2, 5), (1, 4)),
    persons=((2, 5), (3, 7)),
    trees=((1, 3), (2, 5)),
)
TEXTURE = dict(road=0.10, sidewalk=0.10, building=0.10, vegetation=0.22, sky=0.05)
SCALE, FOCAL = 2, 0.65  # supersampling; focal length in image widths
ROAD, WALK, END = 3.6, 7.6, 60.0  # metres: half road, half street, length
Span = float | tuple[float, float]


class Scene:
    """A picture and its label ids, painted from back to front.

    Points are (right, up, ahead) of the camera's foot, in metres.
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
        """A crown or bush of many blobs, the upper ones lighter."""
        for dx, dy in self.uniform(-0.7, 0.7, (12, 2)) * radius:
            shade = (1 + 0.3 * dy / radius) * self.uniform(0.8, 1.2)
            size = radius * self.uniform(0.3, 0.5)
            self.blob(x + dx, y + dy, z, size, shade * colour, 'vegetation')

    def paint_background(self) -> None:
        """Sky with clouds, what closes the street, slabs of the sidewalk, the marked road."""
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
        for z in np.arange(self.uniform(1, 4), END, 5):
            self.quad(about(0, 0.1), 0, (z, z + 2.5), np.full(3, grey), 'road')

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
        """Everything that stands in the street, far things first."""
        kinds = [((6, 22), self.paint_car, self.count('cars'))]
        kinds += [((6.5, 10), self.paint_person, self.count('persons'))]
        kinds += [((9, 28), self.paint_tree, self.count('trees'))]
        kinds += [((6.5, 11), self.paint_pole, 3), ((8, 16), self.paint_bin, self.rng.integers(2))]
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

    def noise(self, cell: int) -> np.ndarray:
        """Random patches of about cell pixels, float32 (height, width)."""
        grid = self.rng.normal(size=(self.height // cell + 2, self.width // cell + 2))
        return cv2.resize(grid.astype(np.float32), (self.width, self.height))

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """The picture as the camera of the domain takes it, and the labels."""
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


def about(middle: float, half: float) -> tuple[float, float]:
    return middle - half, middle + half


def draw_scene(
    rng: np.random.Generator,
    domain: Literal['source', 'target'],
    image_size: tuple[int, int] = (256, 128),
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one street.

    Args:
        rng: Where all chance comes from.
        domain: Whose look the picture has.
        image_size: (width, height).

    Returns:
        RGB image, uint8 ``(H, W, 3)``, and Cityscapes label ids, uint8 ``(H, W)``.

    Raises:
        ValueError: If the domain is unknown.
    """
    if domain not in ('source', 'target'):
        raise ValueError(f"domain must be 'source' or 'target', got {domain!r}")
    scene = Scene(rng, GAP if domain == 'target' else 0.0, image_size)
    scene.paint_background()
    for side in (-1, 1):
        scene.paint_front(side)
    scene.paint_things()
    if rng.uniform() < 0.6:
        scene.paint_hood()
    return scene.finish()


def write_world(
    root: Path,
    seed: int = 0,
    sizes: dict[str, int] | None = None,
    image_size: tuple[int, int] = (256, 128),
) -> None:
    """Write source and target, each with a held-out part; a function of the arguments.

    Below root: ``gta5`` and ``gta5_val`` (``images``, ``labels``) and ``cityscapes``
    (``leftImg8bit``, ``gtFine``; no labels of ``train``). Nothing is done if the very
    same world is there already.

    Args:
        root: Folder to create.
        seed: Another number gives other streets.
        sizes: Images of ``source``, ``source_val``, ``target`` and ``target_val``;
            what is left out comes from SIZES.
        image_size: (width, height).

    Raises:
        FileExistsError: If root has any other content.
        ValueError: If a key of sizes is unknown.
    """
    root, sizes = Path(root), {**SIZES, **(sizes or {})}
    if len(sizes) > len(SIZES):
        raise ValueError(f'sizes may have the keys {list(SIZES)}, got {list(sizes)}')
    world = dict(seed=seed, sizes=sizes, image_size=image_size, gap=GAP, looks=LOOKS)
    record, text = root / 'world.json', json.dumps(world)
    if record.is_file() and record.read_text() == text:
        print(f'{root} is complete already')
        return
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise FileExistsError(f'{root} is no such world, or half of one; delete it or name another')
    for number, (part, count) in enumerate(sizes.items()):
        for i in range(count):
            rng = np.random.default_rng([seed, number, i])
            image, ids = draw_scene(rng, part.removesuffix('_val'), image_size)
            for path, picture in files_of(part, i, image, ids).items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                picture.save(root / path)
        print(f'{part}: {count} images of {image_size[0]} x {image_size[1]} in {root}')
    record.write_text(text)


def files_of(part: str, index: int, image: np.ndarray, ids: np.ndarray) -> dict:
    """Path below the root and picture of the files of one scene."""
    image = Image.fromarray(image)
    if part.startswith('source'):
        folder, name = part.replace('source', 'gta5'), f'{index + 1:05d}.png'
        labels = Image.fromarray(ids)
        colours = np.zeros((256, 3), np.uint8)
        colours[list(CITYSCAPES_IDS)] = [PALETTE[train] for train in CITYSCAPES_IDS.values()]
        labels.putpalette(colours.tobytes())
        return {f'{folder}/images/{name}': image, f'{folder}/labels/{name}': labels}
    split = 'val' if part.endswith('val') else 'train'
    name = f'{split}/{CITIES[split]}/{CITIES[split]}_{index:06d}_000019'
    files = {f'cityscapes/leftImg8bit/{name}_leftImg8bit.png': image}
    if split == 'val':
        table = np.full(256, 255, np.uint8)
        table[list(CITYSCAPES_IDS)] = list(CITYSCAPES_IDS.values())
        labels = Image.fromarray(table[ids])
        files[f'cityscapes/gtFine/{name}_gtFine_labelTrainIds.png'] = labels
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out_dir', type=Path, help='folder to create')
    parser.add_argument('--seed', type=int, default=0, help='0 if left out')
    args = parser.parse_args()
    try:
        write_world(args.out_dir, args.seed)
    except FileExistsError as error:
        parser.error(str(error))


if __name__ == '__main__':
    main()
