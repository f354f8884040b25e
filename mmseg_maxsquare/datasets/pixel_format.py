"""Whether an image file holds 8-bit colour, according to its header."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

PNG = b'\x89PNG\r\n\x1a\n'
GREY_PNG = (0, 4)  # without and with alpha
GREY_MODES = ('1', 'L', 'LA', 'I', 'F')
BITS_PER_SAMPLE = 258  # of TIFF


def not_colour(path: str | Path, color_type: str = 'color') -> str | None:
    """The pixel format of a file that a decoder would silently convert to 8-bit colour.

    OpenCV repeats a greyscale image three times and reduces 16 bits to 8 by
    division, which is wrong for cameras that use 10 or 12 of them. A palette
    counts as colour.

    Args:
        path: A file that can be decoded.
        color_type: The loader's setting: 'grayscale' allows greyscale, 'unchanged'
            everything.

    Returns:
        Such as ``'16-bit greyscale'``; None if it is 8-bit colour, or allowed.
    """
    if color_type == 'unchanged':
        return None
    bits, grey = _bits_and_grey(path)
    depth = f'{bits}-bit' if bits > 8 else ''
    word = 'greyscale' if grey and not color_type.startswith('grayscale') else ''
    return ' '.join(filter(None, (depth, word))) or None


def _bits_and_grey(path: str | Path) -> tuple[int, bool]:
    with open(path, 'rb') as stream:
        head = stream.read(26)
    if head.startswith(PNG):
        return head[24], head[25] in GREY_PNG
    try:
        with Image.open(path) as image:  # reads no pixels
            bits = getattr(image, 'tag_v2', {}).get(BITS_PER_SAMPLE, (8,))
            return max(bits), image.mode.partition(';')[0] in GREY_MODES
    except UnidentifiedImageError:  # formats that only OpenCV reads
        return 8, False
