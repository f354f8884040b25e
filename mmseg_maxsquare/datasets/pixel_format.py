"""What the header of an image file says: pixel format and orientation."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from mmseg_maxsquare.data_files import BadFileError

GREY_MODES = ('1', 'L', 'LA', 'I', 'F')
LOSSY = ('JPEG', 'MPO', 'WEBP')
BITS_PER_SAMPLE = 258  # of TIFF
ORIENTATION = 0x0112  # of EXIF
TURNED = (5, 6, 7, 8)  # orientations that exchange height and width
# A label file has few values in large areas; a photograph has neither.
LABEL_COLOURS, LABEL_FLATNESS = 64, 0.7


@dataclass(frozen=True)
class Header:
    """Facts of an image file that a decoder would not pass on.

    Attributes:
        bits: Of each channel.
        grey: Whether it has a single channel, with or without alpha.
        palette: Whether its pixels are numbers of colours.
        lossless: Whether its format keeps every pixel as it was.
        orientation: 1 to 8, of EXIF; 1 is upright. Not read from TIFF, which OpenCV turns.
    """

    bits: int = 8
    grey: bool = False
    palette: bool = False
    lossless: bool = False
    orientation: int = 1


def read_header(path: str | Path) -> Header:
    """The header of an image file; the defaults for formats that only OpenCV reads.

    Raises:
        BadFileError: If the image has more pixels than Pillow opens.
    """
    try:
        with Image.open(path) as image:  # reads no pixels
            bits = getattr(image, 'tag_v2', {}).get(BITS_PER_SAMPLE, (8,))
            mode, _, deep = image.mode.partition(';')
            depth = 16 if deep.startswith('16') or _png_bits(image) > 8 else max(bits)
            return Header(
                bits=depth,
                grey=mode in GREY_MODES,
                palette=mode == 'P',
                lossless=image.format not in LOSSY,
                orientation=_orientation(image),
            )
    except Image.DecompressionBombError:
        raise BadFileError(
            f'image {path} has more than {2 * (Image.MAX_IMAGE_PIXELS or 0) // 10**6} megapixels; '
            'cut it into smaller images'
        ) from None
    except (UnidentifiedImageError, OSError, SyntaxError):  # the decoder says what is wrong
        return Header()


def _png_bits(image: Image.Image) -> int:
    """Bits of each channel of a PNG, of which Pillow keeps 8; 8 for other formats."""
    if image.format != 'PNG' or image.fp is None:
        return 8
    place = image.fp.tell()
    image.fp.seek(24)
    bits = image.fp.read(1)
    image.fp.seek(place)
    return bits[0] if bits else 8


def _orientation(image: Image.Image) -> int:
    exif = Image.Exif()
    if image.format == 'TIFF':
        return 1
    if image.format == 'PNG':  # getexif() would decode it
        content = image.info.get('exif')
        if content:
            exif.load(content)
    else:
        exif = image.getexif()
    found = exif.get(ORIENTATION, 1)
    return found if found in range(1, 9) else 1


def upright(image: np.ndarray, orientation: int) -> np.ndarray:
    """An image as viewers show it.

    Args:
        image: As stored, ``(H, W)`` or ``(H, W, C)``.
        orientation: 1 to 8, of EXIF.

    Returns:
        The turned or mirrored image; height and width are exchanged for 5 to 8.
    """
    if orientation in TURNED:
        image = image.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        image = image[::-1]
    if orientation in (2, 3, 6, 7):
        image = image[:, ::-1]
    return np.ascontiguousarray(image)


def looks_like_labels(image: np.ndarray) -> bool:
    """Whether an image is probably a label map: few values, each in large areas.

    An image of one value says nothing and counts as none.

    Args:
        image: ``(H, W)`` or ``(H, W, C)``, of integers.
    """
    if min(image.shape[:2]) < 2:
        return False
    flat = image.reshape(*image.shape[:2], -1)
    across = (flat[:, 1:] == flat[:, :-1]).all(-1).mean()
    down = (flat[1:] == flat[:-1]).all(-1).mean()
    if min(across, down) < LABEL_FLATNESS:
        return False
    colours = len(np.unique(flat.reshape(-1, flat.shape[-1]), axis=0))
    return 1 < colours <= LABEL_COLOURS


def decode(path: str | Path, flags: int = cv2.IMREAD_COLOR) -> np.ndarray | None:
    """The pixels of an image file in OpenCV's order, turned as viewers show them.

    OpenCV's own ``imread`` crashes on names that are not UTF-8 and fails on turned TIFFs.

    Args:
        path: The file; its name may be anything.
        flags: Of OpenCV, without one on the orientation.

    Returns:
        The image, or None if it cannot be decoded.

    Raises:
        BadFileError: If the image is too large.
        OSError: If the file cannot be read.
    """
    orientation = read_header(path).orientation
    content = np.frombuffer(Path(path).read_bytes(), np.uint8)
    try:
        image = cv2.imdecode(content, flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:  # such as an empty file
        return None
    return None if image is None else upright(image, orientation)


def deep(header: Header) -> str | None:
    """The depth of a file that a decoder would silently reduce to 8 bits; None for 8 bits.

    OpenCV divides 16 bits by 256, which is wrong for cameras that use 10 or 12 of them.
    """
    if header.bits <= 8:
        return None
    return f'{header.bits}-bit' + (' greyscale' if header.grey else '')
