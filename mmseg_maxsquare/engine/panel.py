"""Images of a model's predictions, with plain NumPy and OpenCV."""

from collections.abc import Sequence

import cv2
import numpy as np

TITLE_HEIGHT = 22


def colorize(labels: np.ndarray, palette: Sequence[Sequence[int]]) -> np.ndarray:
    """Colours of a label map.

    Args:
        labels: Integers ``(H, W)``; values outside the palette (ignore) become black.
        palette: RGB of each class, 0-255.

    Returns:
        uint8 RGB ``(H, W, 3)``.
    """
    table = np.zeros((256, 3), dtype=np.uint8)
    table[: len(palette)] = np.asarray(palette, dtype=np.uint8)
    return table[labels.astype(np.uint8)]


def heat(values: np.ndarray) -> np.ndarray:
    """Colours, uint8 RGB ``(H, W, 3)``, of values in [0, 1], dark to bright."""
    levels = (np.clip(values, 0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(levels, cv2.COLORMAP_VIRIDIS), cv2.COLOR_BGR2RGB)


def write(image: np.ndarray, text: str, x: int, y: int) -> None:
    """Write on an image, in black; OpenCV's letters are ASCII, and others end the process."""
    plain = text.encode('ascii', 'replace').decode()
    cv2.putText(image, plain, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)


def side_by_side(tiles: dict[str, np.ndarray]) -> np.ndarray:
    """Tiles of one size, uint8 RGB ``(H, W, 3)``, in a row with their titles."""
    columns = []
    for title, tile in tiles.items():
        bar = np.full((TITLE_HEIGHT, tile.shape[1], 3), 255, dtype=np.uint8)
        write(bar, title, 4, 16)
        columns.append(np.vstack([bar, tile]))
    return np.hstack(columns)


def legend(
    names: Sequence[str], colours: Sequence[Sequence[int]], width: int, cell: int = 156
) -> np.ndarray:
    """A legend: names beside squares in their colours, in rows.

    Args:
        names: Names of the colours.
        colours: RGB of each, 0-255.
        width: Of the legend in pixels.
        cell: Width of one entry in pixels.

    Returns:
        uint8 RGB ``(H, width, 3)``.
    """
    columns = max(1, width // cell)
    rows = -(-len(names) // columns)
    bar = np.full((rows * TITLE_HEIGHT, width, 3), 255, dtype=np.uint8)
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        x, y = i % columns * cell, i // columns * TITLE_HEIGHT
        bar[y + 4 : y + 18, x + 4 : x + 22] = colour
        write(bar, name, x + 28, y + 16)
    return bar
