"""Images per second and worker of every data set format: python benchmarks/input_pipeline.py

Writes files of the real formats and sizes to a temporary folder, reads them with the
pipelines of the real configs, and measures the time of each step.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from measure import CPU, report
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from PIL import Image
from steps import CONFIGS, RESULTS

import mmseg_maxsquare  # noqa: F401  (registers)

FILES = 4
COLUMNS = ['format', 'image', 'images/s', 'decode', 'label', 'resize', 'blur', 'rest', 'label/PNG']
STEPS = {
    'decode': 'LoadImage',
    'label': 'LoadLabelIds',
    'resize': 'Resize',
    'blur': 'RandomGaussianBlur',
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--out', type=Path, default=RESULTS, help='folder of the JSON file')
    args = parser.parse_args()
    init_default_scope('mmseg')
    cv2.setNumThreads(1)  # as in a worker
    with tempfile.TemporaryDirectory() as folder:
        os.environ['MMSEG_MAXSQUARE_DATA'] = folder
        write_files(Path(folder))
        rows = [measured(name, cfg, args.repeats) for name, cfg in data_sets()]
    about = (
        f'one worker, {FILES} noisy pictures of each format; shares of the time by step; '
        'label/PNG: look-up of the ids against decoding their file'
    )
    path = args.out / 'input_pipeline.json'
    report('Reading the data sets', COLUMNS, rows, about, path, CPU)


def data_sets() -> Iterator[tuple[str, dict]]:
    """Both domains of a config of every format."""
    gta = Config.fromfile(CONFIGS / 'maxsquare/gta2cs.py').train_dataloader.dataset
    synthia = Config.fromfile(CONFIGS / 'maxsquare/synthia2cs.py').train_dataloader.dataset
    nthu = Config.fromfile(CONFIGS / 'maxsquare/cs2nthu_rome.py').train_dataloader.dataset
    yield 'GTA5', gta.source
    yield 'SYNTHIA', synthia.source
    yield 'Cityscapes, labelled', nthu.source
    yield 'Cityscapes, target', gta.target
    yield 'NTHU, target (JPEG)', nthu.target


def measured(name: str, cfg: dict, repeats: int) -> list:
    """A row: images per second of one process, and the time of each step."""
    dataset = DATASETS.build(cfg)
    seconds = dict.fromkeys([*STEPS, 'rest'], 0.0)
    look_up = decode = 0.0
    for turn in range(repeats + 1):
        for index in range(len(dataset)):
            results = dataset.get_data_info(index)
            for step in dataset.pipeline.transforms:
                started = time.perf_counter()
                results = step(results)
                taken = time.perf_counter() - started
                kind = next((k for k, v in STEPS.items() if v == type(step).__name__), 'rest')
                seconds[kind] += taken * bool(turn)
                if kind == 'label' and turn:
                    started = time.perf_counter()
                    step.read(Path(results['seg_map_path']).read_bytes())
                    decoding = time.perf_counter() - started
                    decode, look_up = decode + decoding, look_up + max(taken - decoding, 0)
            height, width = results['data_samples'].ori_shape
    total = sum(seconds.values())
    shares = [f'{seconds[kind] / total:.0%}' for kind in (*STEPS, 'rest')]
    ratio = f'{look_up / decode:.2f}' if decode else ''
    return [name, f'{width} x {height}', repeats * len(dataset) / total, *shares, ratio]


def write_files(root: Path) -> None:
    """Images with as much detail as photographs, and labels in blocks."""
    rng = np.random.default_rng(0)
    for number in range(FILES):
        for name, size in (
            (f'gta5/images/{number + 1:05d}.png', (1914, 1052)),
            (f'synthia/RGB/{number:07d}.png', (1280, 760)),
            (f'cityscapes/leftImg8bit/train/a/{number}_leftImg8bit.png', (2048, 1024)),
            (f'nthu/Rome/Images/Train/{number}.jpg', (2048, 1024)),
        ):
            write(root / name, cv2.GaussianBlur(noise(rng, size), (0, 0), 1.5))
        ids = block(rng, (1914, 1052))
        label = Image.fromarray(ids)
        label.putpalette(bytes(range(256)) * 3)
        path = root / f'gta5/labels/{number + 1:05d}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        label.save(path)
        wide = np.zeros((760, 1280, 3), np.uint16)
        wide[..., 2] = block(rng, (1280, 760)) % 23
        wide[..., 1] = wide[..., 2] * 7
        write(root / f'synthia/GT/LABELS/{number:07d}.png', wide)
        name = f'cityscapes/gtFine/train/a/{number}_gtFine_labelIds.png'
        write(root / name, block(rng, (2048, 1024)))


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), image)


def noise(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    return rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)


def block(rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
    coarse = rng.integers(0, 34, (size[1] // 16 + 1, size[0] // 16 + 1), dtype=np.uint8)
    return np.ascontiguousarray(coarse.repeat(16, 0).repeat(16, 1)[: size[1], : size[0]])


if __name__ == '__main__':
    main()
