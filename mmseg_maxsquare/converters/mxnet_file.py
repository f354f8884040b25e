"""Reads a parameter file of MXNet without MXNet: a binary list of named arrays."""

import struct
from pathlib import Path

import numpy as np

LIST_MAGIC = 0x112
V1, V2, V3 = 0xF993FAC8, 0xF993FAC9, 0xF993FACA  # of one array
TYPES = {0: '<f4', 1: '<f8', 2: '<f2', 3: 'u1', 4: '<i4', 5: 'i1', 6: '<i8'}


class _Reader:
    """Numbers one after another.

    Args:
        content: The file.
    """

    def __init__(self, content: bytes) -> None:
        self.content, self.place = content, 0

    def take(self, count: int) -> bytes:
        """The next bytes.

        Raises:
            ValueError: If there are fewer.
        """
        part = self.content[self.place : self.place + count]
        if len(part) < count:
            raise ValueError('it is truncated')
        self.place += count
        return part

    def number(self, kind: str) -> int:
        """The next number of a :mod:`struct` format, little-endian."""
        return struct.unpack(f'<{kind}', self.take(struct.calcsize(f'<{kind}')))[0]


def is_mxnet_file(path: Path) -> bool:
    """Whether a file begins like a list of arrays of MXNet."""
    with open(path, 'rb') as file:
        return file.read(8) == struct.pack('<Q', LIST_MAGIC)


def read_mxnet_file(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a ``.params`` file by name, such as ``arg:conv1a_weight``.

    Args:
        path: The file, of any version of MXNet from 0.8 on.

    Raises:
        ValueError: If it is no such file, or damaged. Names the file.
    """
    reader = _Reader(path.read_bytes())
    try:
        if reader.number('Q') != LIST_MAGIC:
            raise ValueError('it does not begin like one')
        reader.number('Q')  # reserved
        arrays = [_array(reader) for _ in range(reader.number('Q'))]
        names = [reader.take(reader.number('Q')).decode() for _ in range(reader.number('Q'))]
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} is not a readable MXNet parameter file: {error}') from None
    if len(names) != len(arrays):
        raise ValueError(f'{path} has {len(arrays)} arrays, but {len(names)} names')
    return dict(zip(names, arrays, strict=True))


def _array(reader: _Reader) -> np.ndarray:
    magic = reader.number('I')
    if magic in (V2, V3) and reader.number('i') != 0:
        raise ValueError('it has a sparse array')
    if magic in (V1, V2, V3):
        shape = [reader.number('q') for _ in range(reader.number('I'))]
    else:  # before MXNet 1.0 there was no magic: the number of axes comes first
        shape = [reader.number('I') for _ in range(magic)]
    if not shape:
        return np.empty(0, np.float32)
    reader.number('i'), reader.number('i')  # device
    kind = reader.number('i')
    if kind not in TYPES:
        raise ValueError(f'it has an array of the unknown type {kind}')
    dtype = np.dtype(TYPES[kind])
    count = int(np.prod(shape, dtype=np.int64))
    return np.frombuffer(reader.take(count * dtype.itemsize), dtype).reshape(shape)
