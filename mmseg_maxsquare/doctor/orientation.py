"""Photographs that EXIF turns: their labels on both views, for the eye to choose."""

import copy
from pathlib import Path

import cv2
import numpy as np
from mmcv.transforms import LoadImageFromFile

from mmseg_maxsquare.datasets import LoadImage
from mmseg_maxsquare.engine.panel import colorize, side_by_side
from mmseg_maxsquare.runs.domains import Domain, image_loader, label_loader

SHOWN = 4  # photographs on a sheet
WIDTH = 480


def sheet_of(domain: Domain, kind: str) -> str:
    """Name of a sheet of a domain."""
    return f'{kind}_{domain.name.replace(" ", "_")}.png'


def other_reading(loader: LoadImageFromFile) -> str:
    """The reading of EXIF's orientation that a loader does not use."""
    return 'shown' if getattr(loader, 'orientation', 'shown') == 'stored' else 'stored'


def write_turned(domain: Domain, items: list[dict], folder: Path) -> None:
    """Draw the labels of some turned photographs, as read and on the other view.

    Args:
        domain: Its data set is built.
        items: Turned photographs with labels.
        folder: Where ``turned_NAME.png`` is written.
    """
    loader, read_label = image_loader(domain), label_loader(domain)
    if not items or read_label is None or not isinstance(loader, LoadImage):
        return
    other = copy.copy(loader)
    other.orientation = other_reading(loader)
    rows = []
    for item in items[:SHOWN]:
        tiles = {}
        for reading in (loader, other):
            results = reading.transform(dict(item, seg_fields=[]))
            read_label.transform(results)
            palette = domain.built.metainfo['palette']
            colours = colorize(results['gt_seg_map'], palette)[..., ::-1]
            blend = cv2.addWeighted(results['img'], 0.5, np.ascontiguousarray(colours), 0.5, 0)
            height = max(1, round(blend.shape[0] * WIDTH / blend.shape[1]))
            name = f"orientation='{reading.orientation}'"
            tiles[name] = cv2.resize(blend, (WIDTH, height))[..., ::-1]
        rows.append(side_by_side(tiles))
    cv2.imwrite(str(folder / sheet_of(domain, 'turned')), np.vstack(rows)[..., ::-1])
