"""Held-out images before and after an adaptation, for the report."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from mmseg.registry import DATASETS
from torch import nn
from torch.nn.functional import interpolate

from mmseg_maxsquare.datasets.load_image import read_photo
from mmseg_maxsquare.engine.held_out import logits_of
from mmseg_maxsquare.losses import class_shares
from mmseg_maxsquare.models.predicted_logits import decided
from mmseg_maxsquare.runs.config import read_config

from .folder import Folder
from .image_names import relative
from .network import load
from .report import Example
from .request import Request

LONGEST = 640  # pixels of the longer side in the report
CHANGED, RANDOM = 4, 2
MOST = 16  # images that are compared


def examples_of(
    model: nn.Module, before: dict, after: dict, folder: Folder, request: Request
) -> tuple[list[Example], dict[str, list[float]]]:
    """The held-out images that changed most, some at random, and the class shares.

    Args:
        model: The model of the run, on its device.
        before: Weights of the source model.
        after: Weights of the chosen look.
        folder: Its held-out list is used.
        request: Names the images relative to its target.
    """
    guard = read_config(folder.config).custom_hooks[0]
    dataset = DATASETS.build(guard.dataset)
    picked = np.unique(np.linspace(0, len(dataset) - 1, min(MOST, len(dataset))).round())
    chosen = [int(i) for i in picked]
    paths = [Path(dataset.get_data_info(i)['img_path']) for i in chosen]
    samples = [dataset[i] for i in chosen]
    shapes = [shown_size(path) for path in paths]
    old, old_shares = predictions(model, before, samples, shapes)
    new, new_shares = predictions(model, after, samples, shapes)
    changed = [float((a[0] != b[0]).mean()) for a, b in zip(old, new, strict=True)]
    examples = [
        Example(
            name=relative(paths[i], Path(request.target)),
            why=why,
            photo=shown(paths[i], shapes[i]),
            before=old[i][0],
            after=new[i][0],
            confidence_before=old[i][1],
            confidence_after=new[i][1],
            changed=changed[i],
        )
        for i, why in selection(changed, request.seed)
    ]
    return examples, {'source model': old_shares, 'adapted model': new_shares}


def selection(changed: list[float], seed: int) -> Iterator[tuple[int, str]]:
    """Index and reason of the images to show."""
    order = sorted(range(len(changed)), key=lambda i: -changed[i])
    rest = sorted(order[CHANGED:])
    drawn = np.random.default_rng(seed).permutation(rest)[:RANDOM]
    yield from ((i, 'changed most') for i in order[:CHANGED])
    yield from ((int(i), 'random') for i in sorted(drawn))


def predictions(
    model: nn.Module, state: dict, samples: list[dict], shapes: list[tuple[int, int]]
) -> tuple[list[tuple[np.ndarray, np.ndarray]], list[float]]:
    """Labels and confidence ``(H, W)`` of each image, and the mean class shares."""
    load(model, state)
    maps, shares = [], []
    with torch.no_grad():
        for sample, shape in zip(samples, shapes, strict=True):
            logits = logits_of(model, sample)
            shares.append(class_shares(logits)[0])
            shown = interpolate(logits, shape, mode='bilinear', align_corners=False)
            labels = decided(model, shown)
            confidence = shown.softmax(1).gather(1, labels[:, None])[0, 0]
            maps.append((labels[0].byte().cpu().numpy(), confidence.float().cpu().numpy()))
    return maps, torch.stack(shares).mean(0).tolist()


def shown_size(path: Path) -> tuple[int, int]:
    """(height, width) of an image in the report."""
    height, width = read_photo(path).shape[:2]
    factor = min(1.0, LONGEST / max(height, width))
    return max(1, round(height * factor)), max(1, round(width * factor))


def shown(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """The photograph, uint8 RGB, at the size of the report."""
    return cv2.resize(read_photo(path), shape[::-1], interpolation=cv2.INTER_AREA)
