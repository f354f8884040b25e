"""Pictures for the visualizer."""

import cv2
import numpy as np
import pytest
import torch
from mmseg.registry import MODELS

from mmseg_maxsquare.engine.panel import TITLE_HEIGHT, colorize, heat, legend, side_by_side
from mmseg_maxsquare.engine.uda_hook import target_panel

PALETTE = [[255, 0, 0], [0, 128, 0], [10, 20, 30]]


@pytest.mark.parametrize('dtype', [np.uint8, np.int64, np.int32])
def test_colorize(dtype: type) -> None:
    """RGB of each class; ignore and whatever the palette lacks become black."""
    colours = colorize(np.array([[0, 1, 2], [255, 3, 0]], dtype), PALETTE)
    assert colours.dtype == np.uint8
    assert colours.tolist() == [
        [[255, 0, 0], [0, 128, 0], [10, 20, 30]],
        [[0, 0, 0], [0, 0, 0], [255, 0, 0]],
    ]


def test_heat_runs_from_dark_to_bright() -> None:
    """Brightness rises with the value; what lies outside [0, 1] is cut."""
    colours = heat(np.array([[-1.0, 0.0, 0.25, 0.5, 0.75, 1.0, 2.0]]))
    assert colours.shape == (1, 7, 3) and colours.dtype == np.uint8
    brightness = cv2.cvtColor(colours, cv2.COLOR_RGB2GRAY)[0].astype(int)
    assert brightness[0] == brightness[1] and brightness[5] == brightness[6]
    assert (np.diff(brightness[1:6]) > 10).all()
    # Viridis in RGB order: dark violet to yellow.
    dark, bright = colours[0, 1].astype(int), colours[0, 5].astype(int)
    assert dark[2] > dark[1] and bright[0] > 200 and bright[2] < 100


def test_side_by_side() -> None:
    """Tiles in a row in their order, below a white bar with a title."""
    first = np.full((10, 60, 3), 50, np.uint8)
    second = np.full((10, 60, 3), 200, np.uint8)
    panel = side_by_side({'one': first, 'two': second})
    assert panel.shape == (TITLE_HEIGHT + 10, 120, 3)
    assert (panel[TITLE_HEIGHT:, :60] == 50).all()
    assert (panel[TITLE_HEIGHT:, 60:] == 200).all()
    for bar in (panel[:TITLE_HEIGHT, :60], panel[:TITLE_HEIGHT, 60:]):
        assert bar[0, 0].tolist() == [255, 255, 255]
        assert (bar < 128).any()


def test_legend() -> None:
    """Squares of the colours in rows, each followed by its name."""
    bar = legend(['road', 'sky', 'car'], PALETTE, width=250, cell=120)
    assert bar.shape == (2 * TITLE_HEIGHT, 250, 3) and bar.dtype == np.uint8
    corners = [bar[10, 10], bar[10, 130], bar[TITLE_HEIGHT + 10, 10]]
    assert [corner.tolist() for corner in corners] == PALETTE
    assert (bar[:TITLE_HEIGHT, 30:110] < 128).any()  # a name
    assert (bar[TITLE_HEIGHT:, 120:] == 255).all()  # no fourth entry
    assert legend(['road'], PALETTE[:1], width=50, cell=120).shape == (TITLE_HEIGHT, 50, 3)


def preprocessor(**kwargs) -> torch.nn.Module:
    """A UDADataPreprocessor."""
    return MODELS.build(dict(type='UDADataPreprocessor', **kwargs))


@pytest.mark.parametrize(
    'kwargs',
    [
        dict(mean=[120.0, 110.0, 100.0], std=[60.0, 55.0, 50.0], bgr_to_rgb=True),
        dict(mean=[104.0, 116.7, 122.7], std=[1.0, 1.0, 1.0], bgr_to_rgb=False),
        dict(bgr_to_rgb=True),
        dict(),
    ],
)
def test_panel_shows_the_image_as_it_was(kwargs: dict) -> None:
    """Normalisation and channel order are undone: RGB of the file."""
    rgb = np.random.default_rng(0).integers(0, 256, (8, 10, 3), dtype=np.uint8)
    bgr = torch.from_numpy(rgb[..., ::-1].copy()).permute(2, 0, 1)
    process = preprocessor(**kwargs)
    inputs = process(dict(inputs=[bgr]), training=False)['inputs']
    snapshot = dict(inputs=inputs, logits=torch.zeros(1, 3, 8, 10), guidance=None, ignore=None)
    panel = target_panel(snapshot, process, PALETTE)
    shown = panel[TITLE_HEIGHT:, :10].astype(int)
    assert np.abs(shown - rgb).max() <= 1


def test_panel_tiles() -> None:
    """Image, prediction, guidance and confidence of the first image of the batch."""
    logits = torch.zeros(2, 3, 4, 6)
    logits[0, 1, :, :3] = 20.0  # left half: class 1, certain
    logits[0, 2, :, 3:] = 1e-3  # right half: class 2, by a hair
    guidance = torch.full((2, 4, 6), 255)
    guidance[0, :, :3] = 1
    snapshot = dict(inputs=torch.zeros(2, 3, 4, 6), logits=logits, guidance=guidance, ignore=None)
    panel = target_panel(snapshot, preprocessor(), PALETTE)
    assert panel.shape == (TITLE_HEIGHT + 4, 4 * 6, 3)
    tiles = np.split(panel[TITLE_HEIGHT:], 4, axis=1)
    assert not tiles[0].any()
    assert (tiles[1][:, :3] == PALETTE[1]).all() and (tiles[1][:, 3:] == PALETTE[2]).all()
    assert (tiles[2][:, :3] == PALETTE[1]).all() and not tiles[2][:, 3:].any()
    expected = heat(np.array([[1.0] * 3 + [1 / 3] * 3] * 4))
    assert np.abs(tiles[3].astype(int) - expected).max() <= 3
    without = target_panel({**snapshot, 'guidance': None}, preprocessor(), PALETTE)
    np.testing.assert_array_equal(without, np.hstack([panel[:, :12], panel[:, 18:]]))


def test_panel_of_half_precision() -> None:
    """bfloat16 logits, as mixed precision leaves them."""
    snapshot = dict(
        inputs=torch.zeros(1, 3, 4, 6, dtype=torch.bfloat16),
        logits=torch.ones(1, 3, 4, 6, dtype=torch.bfloat16),
        guidance=None,
    )
    assert target_panel(snapshot, preprocessor(), PALETTE).shape == (TITLE_HEIGHT + 4, 18, 3)
