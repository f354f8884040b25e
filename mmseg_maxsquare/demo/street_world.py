"""A small street world with domain gaps, in the file formats of the benchmarks."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmseg_maxsquare.datasets.nthu import CITIES

from .formats import WRITERS
from .looks import GAPS, LOOKS
from .scene import draw_scene

FORMATS = tuple(WRITERS)
DRAWN_CLASSES = (
    'road', 'sidewalk', 'building', 'fence', 'pole', 'traffic light', 'traffic sign',
    'vegetation', 'sky', 'person', 'car',
)  # fmt: skip
# Images of each part, format/split. The position in this list seeds the scenes: only append.
SIZES = {'gta5/train': 160, 'gta5/val': 30, 'cityscapes/train': 120, 'cityscapes/val': 40}
SIZES |= {'synthia/train': 160}
SIZES |= {f'nthu/{city}/Train': 40 for city in CITIES}
SIZES |= {f'nthu/{city}/Test': 20 for city in CITIES}


def write_world(
    root: Path,
    seed: int = 0,
    formats: Sequence[str] = ('gta5', 'cityscapes'),
    sizes: dict[str, int] | None = None,
    image_size: tuple[int, int] = (256, 128),
) -> None:
    """Write data sets of one world; their files depend only on the arguments.

    Each data set is written to the folder of its name below root; ``gta5_val`` are
    held-out scenes with the look of GTA5. Existing data sets of the same world are left
    alone, so that further formats can be added later.

    Args:
        root: Folder to create, or an existing folder of this world.
        seed: Another number gives other streets.
        formats: Some of FORMATS.
        sizes: Images of each part; missing parts come from SIZES.
        image_size: (width, height).

    Raises:
        FileExistsError: If root has any other content.
        ValueError: If a format or a key of sizes is unknown.
    """
    root, sizes = Path(root), {**SIZES, **(sizes or {})}
    if len(sizes) > len(SIZES):
        raise ValueError(f'sizes may have the keys {list(SIZES)}, got {list(sizes)}')
    if not set(formats) <= set(FORMATS):
        raise ValueError(f'formats may be {list(FORMATS)}, got {list(formats)}')
    world = dict(seed=seed, sizes=sizes, image_size=list(image_size), gaps=GAPS, looks=LOOKS)
    finished = _finished(root, world)
    missing = [name for name in dict.fromkeys(formats) if name not in finished]
    _refuse_other_content(root, missing, bool(finished))
    if not missing:
        print(f'{root} is complete already')
    for name in missing:
        for part in sizes:
            if part.startswith(f'{name}/'):
                _write_part(root, part, seed, sizes[part], image_size)
        finished.append(name)
        (root / 'world.json').write_text(json.dumps({**world, 'finished': finished}))


def _finished(root: Path, world: dict) -> list[str]:
    """The formats of this world that root already has."""
    record = root / 'world.json'
    try:
        content = json.loads(record.read_text()) if record.is_file() else {}
        finished = content.pop('finished', [])
    except (ValueError, AttributeError, TypeError):
        return []  # not our file
    return finished if content == json.loads(json.dumps(world)) else []


def _refuse_other_content(root: Path, missing: list[str], is_world: bool) -> None:
    """Never write into a folder that is not ours, or that holds an incomplete format.

    Raises:
        FileExistsError: If there is such a folder.
    """
    ours = is_world or not root.exists() or (root.is_dir() and not any(root.iterdir()))
    if not ours:
        raise FileExistsError(
            f'{root} holds something else, or an incomplete world; delete it or name another'
        )
    for folder in (root / f'{name}{end}' for name in missing for end in ('', '_val')):
        if folder.exists():
            raise FileExistsError(f'{folder} is not part of the world, or incomplete; delete it')


def _write_part(root: Path, part: str, seed: int, count: int, image_size: tuple[int, int]) -> None:
    """Draw and write the scenes of one part of SIZES."""
    name, split = part.split('/', 1)
    gap = GAPS[split.split('/')[0] if name == 'nthu' else name]
    for i in range(count):
        rng = np.random.default_rng([seed, list(SIZES).index(part), i])
        WRITERS[name](root / name, split, i, *draw_scene(rng, gap, image_size))
    print(f'{part}: {count} images of {image_size[0]} x {image_size[1]} in {root}')
