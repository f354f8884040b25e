"""Checks of the bytes of an image file before it is decoded."""

import io
import re
import zlib
from collections.abc import Iterator

from PIL import Image

PNG = b'\x89PNG\r\n\x1a\n'
JPEG = b'\xff\xd8\xff'
MARKER = re.compile(rb'\xff[^\x00\x01\xd0-\xd8\xff]')  # those that stand alone are left out
END = b'\xff\xd9'
# Other content under the name of an image after a failed copy, and how to fix it.
STRANGERS = (
    (b'version https://git-lfs', 'a Git LFS pointer, not the file itself', 'run "git lfs pull"'),
    (b'<', 'text (HTML or XML), as a failed download leaves it', 'download it again'),
    (b'PK\x03\x04', 'a zip archive', 'unpack it'),
)
COPY_AGAIN = 'copy or unpack these files again'


def defect(content: bytes) -> tuple[str, str] | None:
    """Why a file is not a complete image, and the remedy; None if it is complete.

    Whether OpenCV and Pillow decode the beginning of a truncated file depends on their
    versions; this function checks the structure of the file itself.
    """
    if not content:
        return 'empty (0 bytes)', COPY_AGAIN
    if not content.strip(b'\0'):
        return f'{len(content)} zero bytes, as an interrupted copy leaves them', COPY_AGAIN
    for start, what, remedy in STRANGERS:
        if content.startswith(start):
            return f'is {what}', remedy
    if content.startswith(PNG):
        return _png_defect(content)
    if content.startswith(JPEG) and not _jpeg_ends(content):
        return f'truncated after {len(content)} bytes', COPY_AGAIN
    return None


def _jpeg_ends(content: bytes) -> bool:
    """Whether the end marker of a JPEG is there.

    Phones append a video or other pictures, and put previews into segments before the data:
    the markers of those do not count.
    """
    position = len(JPEG) - 1
    # Inside the compressed data no marker can occur by chance.
    while found := MARKER.search(content, position):
        if found.group() == END:
            return True
        start = found.end()
        position = start + int.from_bytes(content[start : start + 2])
    return False


def _png_defect(content: bytes) -> tuple[str, str] | None:
    """A truncation or a wrong checksum in a PNG."""
    for kind, start, end in _chunks(content):
        if end + 4 > len(content):
            break
        stored = int.from_bytes(content[end : end + 4])
        needed = kind[:1].isupper()  # decoders skip the other chunks, such as texts
        if needed and zlib.crc32(content[start - 4 : end]) != stored:
            return f'damaged: wrong checksum of its {kind} chunk at byte {start}', COPY_AGAIN
        if kind == 'IEND':
            return None
    return f'truncated after {len(content)} bytes', COPY_AGAIN


def _chunks(content: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, start and end of the data of each chunk of a PNG."""
    position = len(PNG)
    while position + 8 <= len(content):
        length = int.from_bytes(content[position : position + 4])
        kind = content[position + 4 : position + 8].decode('latin-1')
        yield kind, position + 8, position + 8 + length
        position += length + 12


def describe(content: bytes) -> tuple[str, str]:
    """File format and pixel format, such as ``('PNG', '8-bit palette')``."""
    if content.startswith(PNG) and len(content) > 25:
        kinds = {0: 'grey', 2: 'RGB', 3: 'palette', 4: 'grey + alpha', 6: 'RGBA'}
        return 'PNG', f'{content[24]}-bit {kinds.get(content[25], "unknown")}'
    modes = {'L': '8-bit grey', '1': '1-bit grey', 'P': '8-bit palette', 'RGB': '8-bit RGB'}
    try:
        with Image.open(io.BytesIO(content)) as image:
            mode = '16-bit grey' if image.mode.startswith('I;16') else image.mode
            return image.format or 'unknown', modes.get(mode, mode)
    except Exception:  # decoders raise all kinds
        return 'unknown', 'unknown'
