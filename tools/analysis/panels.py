"""Compare models on images that nobody picked: tools/analysis/panels.py CONFIG NAME=CHECKPOINT ...

Shows the images of CONFIG's test data on which the models differ most, and some at random:
image and truth, each model's prediction above its confidence and, if CONFIG has
model.guidance, the guidance by the last model. Writes a PNG, and as CSV beside it how much
the models differ on every image.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.device import get_device
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint
from mmengine.structures import PixelData
from mmseg.apis import init_model
from mmseg.registry import DATASETS
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import Dataset

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.engine.panel import colorize, heat

from class_statistics import IGNORED, image_statistics
from disagreement import choose, disagreement
from named_paths import named_paths
from pictures import Comparison, Example, Tiles, draw_comparison, plain_model
from predictions import add_out, check_out
from tables import REPO

sys.path.insert(0, str(REPO / 'tools'))

from doctor.findings import sentence
from doctor.fit import REMEDY, misfit
from doctor.progress import Progress
from launch import BUILD_ERRORS, load_config, sentences

SEGMENTORS = ('EncoderDecoder', 'UDAEncoderDecoder')
PIXELS = 480  # width of a picture that is kept


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file; of the last model, to see its guidance')
    parser.add_argument('checkpoints', nargs='+', metavar='NAME=CHECKPOINT', help='two or more')
    parser.add_argument('--differing', type=int, default=4, help='images that differ most')
    parser.add_argument('--random', type=int, default=4, help='images at random')
    parser.add_argument('--seed', type=int, default=0, help='of the random images')
    add_out(parser, 'panels')
    parser.add_argument('--device', default=get_device())
    parser.add_argument(
        '--no-images',
        action='store_true',
        help='leave out image and truth, for data that may not be passed on',
    )
    # What load_config asks for besides.
    parser.set_defaults(cfg_options=None, work_dir=None, launcher='none', local_rank=0)
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    check_out(args.out)
    try:
        checkpoints = named_paths(args.checkpoints)
        config = load_config(args, loaders=('test_dataloader',))
        with sentences(config):
            comparison = compare(
                config, checkpoints, args.differing, args.random, args.seed, args.device
            )
    except ValueError as error:
        sys.exit(f'error: {sentence(error)}')
    draw_comparison(comparison, args.out, show_data=not args.no_images)
    print(f'{args.out} and {args.out.with_suffix(".csv")}')


def compare(
    config: Config,
    checkpoints: dict[str, Path],
    differing: int = 4,
    random: int = 4,
    seed: int = 0,
    device: str = 'cpu',
) -> Comparison:
    """Run models over a config's test data, and once more over the images to show.

    Args:
        config: Its test data are used.
        checkpoints: By name; each goes into a plain EncoderDecoder of the config,
            whatever it was trained as, but the last keeps the config's guidance.
        differing: See :func:`choose`.
        random: See :func:`choose`.
        seed: See :func:`choose`.
        device: Where the models run.

    Raises:
        ValueError: If config, data, a checkpoint, a number or the device does not do.
    """
    if len(checkpoints) < 2:
        raise ValueError('panels compare two checkpoints at least; name another')
    if differing < 0 or random < 0 or differing + random == 0:
        raise ValueError(
            '--differing and --random must be at least 0, and one of them more, '
            f'got {differing} and {random}'
        )
    dataset = _labelled_data(config)
    models = load_models(config, checkpoints, device)
    progress = Progress('comparing', len(dataset))
    shares = []
    for index in range(len(dataset)):
        batch = pseudo_collate([dataset[index]])
        sample = batch['data_samples'][0]
        predictions = [_map(result.pred_sem_seg) for _, result in predict(batch, models)]
        share = disagreement(predictions, _map(sample.gt_sem_seg))
        shares.append((Path(sample.img_path).name, share))
        progress.step()
    progress.close()
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
        raise ValueError(f'test_dataloader.dataset: {sentence(error)}') from None
    if 'gt_sem_seg' not in first:
        raise ValueError(
            'test_dataloader.dataset gives no labels, by which predictions are compared; '
            "add dict(type='LoadAnnotations') to its pipeline, behind Resize"
        )
    return dataset


def load_models(config: Config, checkpoints: dict[str, Path], device: str) -> dict[str, nn.Module]:
    """Models by name, without running code from their files; see :func:`compare`.

    Raises:
        ValueError: If a checkpoint is missing, unsafe or of another model, or there
            is no such device.
    """
    load_only_safely()
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f'--device {device}: {sentence(error)}') from None
    plain, models = plain_model(config), {}
    for name, path in checkpoints.items():
        own = plain
        if config.model.get('guidance') and len(models) == len(checkpoints) - 1:
            own = Config(config.to_dict())
            own.model.backbone.pretrained = None
        try:
            models[name] = init_model(own, device='cpu')
        except BUILD_ERRORS as error:
            raise ValueError(f'model: {sentence(error)}') from None
        try:
            found = misfit(str(path), models[name])
        except ValueError as error:
            raise ValueError(f'{name}: {error}') from None
        if found:
            raise ValueError(f'{name}: {found}; {REMEDY}')
        load_checkpoint(models[name], str(path), map_location='cpu', logger='silent')
        models[name].to(device)
    return models


@torch.no_grad()
def predict(batch: dict, models: dict[str, nn.Module]) -> Iterator[tuple[str, SegDataSample]]:
    """Each model's name and its result for the one image of a batch, one after the other."""
    for name, model in models.items():
        yield name, model.test_step(batch)[0]


@torch.no_grad()
def guidance_of(batch: dict, model: nn.Module) -> np.ndarray:
    """Labels ``(H, W)`` that a UDAEncoderDecoder gives itself (Eq. 15), 255 for none."""
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
    """Small enough that many can wait for the drawing, whatever the data set's size."""
    height, width, _ = tiles[0][1].shape
    size = (PIXELS, round(PIXELS * height / width))
    return [(name, cv2.resize(p, size, interpolation=cv2.INTER_AREA)) for name, p in tiles]


if __name__ == '__main__':
    main()
