"""A sheet with a few samples of a domain: the image beside its decoded label."""

from pathlib import Path

import cv2
import numpy as np

from mmseg_maxsquare.engine.panel import colorize, legend, side_by_side
from mmseg_maxsquare.runs.domains import Domain, image_loader, label_loader

from .survey import Survey, spread

SAMPLES = 6
WIDTH = 480  # of a tile
GAP = 6


def write_sheet(domain: Domain, survey: Survey, folder: Path) -> Path | None:
    """Write ``sheet_NAME.png``; None if no file of the domain can be shown."""
    broken = {finding.where for finding in domain.findings if finding.level == 'error'}
    readable = [
        item for item in survey.chosen if not broken & {item['img_path'], item.get('seg_map_path')}
    ]
    tried = (_row(domain, item) for item in spread(readable, SAMPLES))
    rows = [row for row in tried if row is not None]
    if not rows:
        return None
    if not domain.reads_labels:  # two images per row, like image and label
        rows = [np.hstack(_same_height(rows[i : i + 2])) for i in range(0, len(rows), 2)]
    width = max(row.shape[1] for row in rows)
    parts = [_pad(row, width) for row in rows]
    if domain.classes and domain.reads_labels:
        palette = domain.built.metainfo['palette']
        names = [*domain.classes, '(ignored)']
        parts.append(_pad(legend(names, [*palette, [0, 0, 0]], width), width))
    path = folder / f'sheet_{domain.name.replace(" ", "_")}.png'
    cv2.imwrite(str(path), np.vstack(parts)[..., ::-1])
    return path


def _row(domain: Domain, item: dict) -> np.ndarray | None:
    """Image and label of an item, RGB; None if they are unreadable."""
    results = dict(item, seg_fields=[])
    try:
        if 'img' not in item:
            image_loader(domain).transform(results)
        image = _tile(np.atleast_3d(results['img'])[..., :3], cv2.INTER_AREA)
        image = np.broadcast_to(image, (*image.shape[:2], 3)).astype(np.uint8)[..., ::-1]
        tiles = {_title(domain, item['img_path']): image}
        loader = label_loader(domain)
        if 'seg_map_path' in item and loader is not None:
            loader.transform(results)
            label = _tile(results['gt_seg_map'], cv2.INTER_NEAREST)
            colours = colorize(label, domain.built.metainfo['palette'])
            tiles[_title(domain, item['seg_map_path'])] = colours
        return side_by_side(tiles)
    except Exception:  # a separate finding gives the reason
        return None


def _tile(image: np.ndarray, interpolation: int) -> np.ndarray:
    """The image, resized to the width of a tile."""
    height = max(1, round(image.shape[0] * WIDTH / image.shape[1]))
    # Small images must not be blurred when they are enlarged.
    larger = image.shape[1] < WIDTH
    tile = cv2.resize(
        image, (WIDTH, height), interpolation=cv2.INTER_NEAREST if larger else interpolation
    )
    return tile if tile.ndim == image.ndim else tile[..., None]


def _title(domain: Domain, path: str, limit: int = 58) -> str:
    """The end of a path that fits above a tile."""
    root = domain.cfg.get('data_root') or ''
    name = path.removeprefix(root).lstrip('/')
    return name if len(name) <= limit else '...' + name[3 - limit :]


def _same_height(tiles: list[np.ndarray]) -> list[np.ndarray]:
    height = max(tile.shape[0] for tile in tiles)
    pads = [((0, height - tile.shape[0]), (0, 0), (0, 0)) for tile in tiles]
    return [np.pad(t, pad, constant_values=255) for t, pad in zip(tiles, pads, strict=True)]


def _pad(part: np.ndarray, width: int) -> np.ndarray:
    """Pad with white on the right, up to a width, and with a gap below."""
    bottom_right = ((0, GAP), (0, width - part.shape[1]), (0, 0))
    return np.pad(part, bottom_right, constant_values=255)
