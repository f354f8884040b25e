"""The command `predict` against the least that any program has to do for a prediction.

The least is reading an image to memory, the network, and the class at every pixel of the image,
one after the other, without writing anything. `predict` reads ahead and writes labels and
overlays while the network works. As in: python benchmarks/predict.py
"""

import argparse
import contextlib
import io
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from measure import CPU, median_times, paired_ratio, report
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS
from steps import RESULTS, model_config

from mmseg_maxsquare.adapt.outputs import Outputs
from mmseg_maxsquare.adapt.pipelines import image_pipeline
from mmseg_maxsquare.adapt.predict import Reader, predict_all
from mmseg_maxsquare.adapt.predict_image import predict_one
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.shipped import shipped_configs

COLUMNS = ['network', 'size', 'least, s/image', 'predict, s/image', 'least / predict']
NETWORKS = {
    'DeepLab v2, ResNet-101': ('source_only/gta.py', (2048, 1024), '1024 x 512'),
    'DeepLab v2, EfficientNet-Lite0': ('source_only/camvid_day.py', (480, 360), '320 x 240'),
}


def main() -> None:
    """Print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--images', type=int, default=6, help='images of a turn')
    parser.add_argument('--repeats', type=int, default=3)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--out', type=Path, default=RESULTS, help='folder of the JSON file')
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    init_default_scope('mmseg')
    rows = []
    for name, (config, size, shown) in NETWORKS.items():
        with tempfile.TemporaryDirectory() as folder:
            variants = both(config, write_images(Path(folder), size, args.images), Path(folder))
            times = median_times(variants, args.repeats, CPU)
        least, ours = (statistics.median(times[key]) / args.images for key in times)
        ratio = paired_ratio(times['least'], times['predict'])
        rows.append([name, shown, least, ours, ratio])
    about = f'{args.images} JPEG images, {args.repeats} repeats'
    report('Prediction of a folder', COLUMNS, rows, about, args.out / 'predict.json', CPU)


def both(config: str, images: list[Path], folder: Path) -> dict[str, Callable[[], None]]:
    """The least work, and all that the command does, for the same images."""
    cfg = read_config(shipped_configs() / config)
    model = plain(config).eval()
    palette = [[i, i, i] for i in range(model.num_classes)]
    turns = iter(range(1000))

    def least() -> None:
        reader = Reader(image_pipeline(cfg), photos=False)
        for image in images:
            predict_one(model, reader(image), tta=False, probabilities=False)

    def predict() -> None:
        kinds = ['labels', 'overlays']
        outputs = Outputs(folder / f'out{next(turns)}', images, folder, kinds, palette)
        quiet = contextlib.redirect_stdout(io.StringIO())
        with quiet, contextlib.redirect_stderr(io.StringIO()):
            predict_all(model, Reader(image_pipeline(cfg), photos=True), outputs, images, False)

    return dict(least=least, predict=predict)


def plain(config: str) -> torch.nn.Module:
    """The network with random weights."""
    torch.manual_seed(0)
    return MODELS.build(Config(dict(model=model_config(config, auxiliary_head=None))).model)


def write_images(folder: Path, size: tuple[int, int], count: int) -> list[Path]:
    """JPEG files with the detail of a photograph."""
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = generator.integers(0, 256, (size[1] // 8, size[0] // 8, 3), np.uint8)
        image = cv2.resize(coarse, size, interpolation=cv2.INTER_CUBIC)
        paths.append(folder / f'{number}.jpg')
        cv2.imwrite(str(paths[-1]), image)
    return paths


if __name__ == '__main__':
    main()
