"""Image sizes that a network takes: some want sides that are multiples of a number."""

from math import lcm

import torch
from torch import nn

DIVISORS = (1, 8, 16, 32)
PROBE = 128  # side of the image that is tried
NETWORK_ERRORS = (RuntimeError, AssertionError, ValueError, IndexError, TypeError)


def divisor_of(model: nn.Module, channels: int = 3) -> int:
    """Of which number the sides of images must be multiples; 1 if any size will do.

    Args:
        model: A segmentor of mmseg, in any mode; it is in eval mode afterwards. Such as DDRNet
            and PIDNet (8), and UNet (16).
        channels: Of the images.

    Returns:
        The smallest of 1, 8, 16 and 32; 1 also if none will do, as with a network that takes a
        single size.
    """
    model.eval()
    device = next(model.parameters()).device
    for divisor in DIVISORS:
        height, width = PROBE + divisor, PROBE + 3 * divisor
        images = torch.rand(1, channels, height, width, device=device)
        metas = [dict(img_shape=(height, width), ori_shape=(height, width))]
        try:
            with torch.no_grad():
                model.encode_decode(images, metas)
        except NETWORK_ERRORS:
            continue
        return divisor
    return 1


def pad_to_multiples(preprocessor: dict, divisor: int) -> dict:
    """Config of a preprocessor that pads images at the bottom and on the right as needed."""
    if divisor == 1:
        return preprocessor
    test = dict(preprocessor.get('test_cfg') or {})
    test['size_divisor'] = lcm(test.get('size_divisor') or 1, divisor)
    found = {**preprocessor, 'test_cfg': test}
    if preprocessor.get('size') is None:
        found['size_divisor'] = lcm(preprocessor.get('size_divisor') or 1, divisor)
    return found


def pad_as_needed(model: nn.Module) -> None:
    """Have images padded whose sides the network does not take.

    Args:
        model: A segmentor of mmseg, whose first convolution reads the image.
    """
    channels = next((m.in_channels for m in model.modules() if isinstance(m, nn.Conv2d)), 3)
    divisor = divisor_of(model, channels)
    if divisor > 1:
        padded = pad_to_multiples(dict(test_cfg=model.data_preprocessor.test_cfg), divisor)
        model.data_preprocessor.test_cfg = padded['test_cfg']
