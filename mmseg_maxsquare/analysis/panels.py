"""Compares models on images that are not hand-picked.

Shows the images of a config's test data on which the models differ most, and some random
ones: image and ground truth, each model's prediction above its confidence and, if the
config has ``model.guidance``, the guidance of the last model.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import DATASETS
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import Dataset

from mmseg_maxsquare.engine.panel import colorize, heat
from mmseg_maxsquare.runs.config import load_config
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, fail, one_line, one_line_errors
from mmseg_maxsquare.runs.models import load_segmentors
from mmseg_maxsquare.runs.progress import progress

from .class_statistics import IGNORED, image_statistics
from .disagreement import choose, disagreement
from .named_paths import named_paths
from .pictures import Comparison, Example, Tiles, draw_comparison
from .plots import check_out

PLAIN = ('EncoderDecoder', 'CascadeEncoderDecoder')
SEGMENTORS = (*PLAIN, *(f'UDA{name}' for name in PLAIN))
PIXELS = 480  # width of a picture that is kept


def draw_panels(
    config: str,
    checkpoints: Sequence[str],
    out: Path,
    differing: int = 4,
    random: int = 4,
    seed: int = 0,
    device: str | None = None,
    show_data: bool = True,
    options: Sequence[str] = (),
) -> None:
    """Draw a comparison as PNG; write the disagreement on every image as CSV beside it.

    Args:
        config: Path or shipped name; use that of the last model to show its guidance.
        checkpoints: Two or more, as ``NAME=CHECKPOINT``.
        out: PNG to write.
        differing: See :func:`~mmseg_maxsquare.analysis.disagreement.choose`.
        random: See there.
        seed: See there.
        device: Where the models run. Defaults to the accelerator, if there is one.
        show_data: False leaves out image and ground truth, for data that must not be
            published.
        options: Overrides of config fields, ``field=value``.
    """
    check_out(out)
    try:
        paths = named_paths(checkpoints)
        cfg = load_config(config, options, loaders=('test_dataloader',))
        with one_line_errors(cfg):
            comparison = compare(cfg, paths, differing, random, seed, device)
    except ValueError as error:
        fail(one_line(error))
    draw_comparison(comparison, out, show_data)
    print(f'{out} and {out.with_suffix(".csv")}')


def compare(
    config: Config,
    checkpoints: dict[str, Path],
    differing: int = 4,
    random: int = 4,
    seed: int = 0,
    device: str | None = 'cpu',
) -> Comparison:
    """Run models over a config's test data, and again over the images to show.

    Args:
        config: Its test data are used.
        checkpoints: By name; each is loaded into a plain EncoderDecoder of the config,
            regardless of its training, but the last keeps the config's guidance.
        differing: See :func:`choose`.
        random: See :func:`choose`.
        seed: See :func:`choose`.
        device: Where the models run; None for the accelerator, if there is one.

    Raises:
        ValueError: If the config, the data, a checkpoint, a number or the device is invalid.
    """
    if len(checkpoints) < 2:
        raise ValueError('panels compare two checkpoints at least; name another')
    if differing < 0 or random < 0 or differing + random == 0:
        raise ValueError(
            '--differing and --random must be at least 0, and one of them more, '
            f'got {differing} and {random}'
        )
    dataset = _labelled_data(config)
    models = load_segmentors(config, checkpoints, device)
    shares = []
    with progress('compare', len(dataset)) as advance:
        for index in range(len(dataset)):
            batch = pseudo_collate([dataset[index]])
            sample = batch['data_samples'][0]
            predictions = [_map(result.pred_sem_seg) for _, result in predict(batch, models)]
            share = disagreement(predictions, _map(sample.gt_sem_seg))
            shares.append((Path(sample.img_path).name, share))
            advance()
    classes = dict(zip(dataset.metainfo['classes'], dataset.metainfo['palette'], strict=True))
    examples = []
    for index, why in choose([share for _, share in shares], differing, random, seed).items():
        name, share = shares[index]
        heading = f'{name}: {why}, models differ on {share:.1%} of the labelled pixels'
        batch = pseudo_collate([dataset[index]])
        examples.append(_example(heading, batch, models, list(classes.values())))
    return Comparison(shares, examples, classes)


def _labelled_data(config: Config) -> Dataset:
    """The test data, or ``ValueError``."""
    init_default_scope(config.get('default_scope') or 'mmseg')
    if config.get('model', {}).get('type') not in SEGMENTORS:
        raise ValueError(f'model.type: panels show segmentors, one of {SEGMENTORS}')
    if not config.get('test_dataloader'):
        raise ValueError('the config has no test_dataloader; give one with labelled test data')
    try:
        dataset = DATASETS.build(config.test_dataloader.dataset)
        first = dataset[0]['data_samples']
    except BUILD_ERRORS as error:
        raise ValueError(f'test_dataloader.dataset: {one_line(error)}') from None
    if 'gt_sem_seg' not in first:
        raise ValueError(
            'test_dataloader.dataset gives no labels, by which predictions are compared; '
            "add dict(type='LoadAnnotations') to its pipeline, after Resize"
        )
    return dataset


@torch.no_grad()
def predict(batch: dict, models: dict[str, nn.Module]) -> Iterator[tuple[str, SegDataSample]]:
    """Name of each model and its result for the single image of a batch, in turn."""
    for name, model in models.items():
        yield name, model.test_step(batch)[0]


@torch.no_grad()
def guidance_of(batch: dict, model: nn.Module) -> np.ndarray:
    """Guidance labels ``(H, W)`` of a UDAEncoderDecoder (Eq. 15), 255 for none."""
    data = model.data_preprocessor(batch, False)
    model.snapshot = {}
    model.loss_target(data['inputs'], data['data_samples'])
    return model.snapshot['guidance'][0].cpu().numpy()


def _example(heading: str, batch: dict, models: dict[str, nn.Module], palette: list) -> Example:
    sample = batch['data_samples'][0]
    image = cv2.cvtColor(cv2.imread(sample.img_path), cv2.COLOR_BGR2RGB)
    upper = [('image', image)]
    lower = [('truth', colorize(_map(sample.gt_sem_seg), palette))]
    for name, result in predict(batch, models):
        logits = result.seg_logits.data
        iou = image_statistics(logits, result.gt_sem_seg.data[0]).iou
        prediction = colorize(_map(result.pred_sem_seg), palette)
        upper.append((f'{name}: mIoU {np.nanmean(iou):.1f}', prediction))
        lower.append((f'confidence of {name}', heat(logits.softmax(0).amax(0).cpu().numpy())))
    last = models[name]
    if getattr(last, 'guidance', None) is not None:
        labels = guidance_of(batch, last)
        share = (labels != IGNORED).mean()
        upper.append((f'its guidance (Eq. 15): {share:.0%}', colorize(labels, palette)))
    return Example(heading, _shrunk(upper), _shrunk(lower))


def _map(pixels: PixelData) -> np.ndarray:
    return pixels.data[0].cpu().numpy()


def _shrunk(tiles: Tiles) -> Tiles:
    """Downscaled, so that many images can be kept in memory until they are drawn."""
    height, width, _ = tiles[0][1].shape
    size = (PIXELS, round(PIXELS * height / width))
    return [(name, cv2.resize(p, size, interpolation=cv2.INTER_AREA)) for name, p in tiles]
