"""Strict reading of photographs: errors name the file, and EXIF's orientation is applied."""

import logging
import os
from pathlib import Path
from typing import Any

import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine.logging import print_log
from mmseg.registry import TRANSFORMS
from torch.utils.data import get_worker_info

from mmseg_maxsquare.data_files import BadFileError

from .pixel_format import Header, decode, deep, looks_like_labels, read_header, upright

ORIENTATIONS = ('shown', 'stored')  # how EXIF's orientation is read
_told: list[str] = []  # in this process


@TRANSFORMS.register_module()
class LoadImage(LoadImageFromFile):
    """mmcv's ``LoadImageFromFile`` for photographs, with errors that name the file.

    Greyscale photographs are converted to three equal channels, which is told once. Label
    files and images of more than 8 bits are refused, unless ``color_type`` is 'unchanged'.

    Args:
        orientation: ``'shown'`` turns the image as EXIF says, as viewers do; ``'stored'``
            leaves it as it is in the file. Defaults to 'shown'.
        **kwargs: As for mmcv's ``LoadImageFromFile``.

    Raises:
        ValueError: If there is no such orientation.
    """

    def __init__(self, orientation: str = 'shown', **kwargs: Any) -> None:
        super().__init__(**kwargs)
        check_orientation(orientation)
        self.orientation = orientation
        # Which formats OpenCV turns depends on its version, so we turn them all.
        if self.color_type in ('color', 'grayscale') and self.imdecode_backend != 'turbojpeg':
            self.color_type += '_ignore_orientation'

    def transform(self, results: dict) -> dict:
        """Put the image, ``(H, W, 3)``, into ``results['img']``.

        Raises:
            FileNotFoundError: If the file does not exist.
            BadFileError: If it is not a readable image, is a label file, is too large, or has
                more than 8 bits.
            ValueError: If the image is sound, but the loader's settings cannot read it.
        """
        path = results['img_path']
        # First, since a decoder would take the memory for any number of pixels.
        header = read_header(path) if os.path.isfile(path) else None
        try:
            results = super().transform(results)
        except FileNotFoundError:
            raise FileNotFoundError(f'image {path} not found; copy it again') from None
        except Exception as error:  # decoders raise all kinds
            if isinstance(error, OSError) and error.errno:
                raise BadFileError(
                    f'image {path} cannot be read: {error.strerror}; see its permissions, and the '
                    'disk'
                ) from error
            if _is_sound(path):
                raise ValueError(
                    f'{type(self).__name__} cannot read {path}, which is a sound image: '
                    f'{" ".join(str(error).split())[:200]}; correct its backend_args and '
                    'imdecode_backend, or leave them out'
                ) from None
            raise BadFileError(_damaged(path)) from error
        if header is not None:
            if self.color_type != 'unchanged':
                _require_photograph(path, header, results['img'])
            if self.orientation == 'shown':
                results['img'] = upright(results['img'], header.orientation)
                results['img_shape'] = results['ori_shape'] = results['img'].shape[:2]
        return results


def read_photo(path: str | Path) -> np.ndarray:
    """The photograph in a file as viewers show it, uint8 RGB ``(H, W, 3)``, of any depth.

    Raises:
        BadFileError: If it cannot be decoded, or is too large.
        OSError: If the file cannot be read.
    """
    image = decode(path)
    if image is None:
        raise BadFileError(_damaged(str(path)))
    return np.ascontiguousarray(image[..., ::-1])


def _is_sound(path: str) -> bool:
    try:
        return decode(path) is not None
    except (BadFileError, OSError):
        return False


def check_orientation(orientation: str) -> None:
    """Raise ``ValueError`` unless the reading of EXIF's orientation is known."""
    if orientation not in ORIENTATIONS:
        raise ValueError(f'orientation must be one of {ORIENTATIONS}, got {orientation!r}')


def _require_photograph(path: str, header: Header, image: np.ndarray) -> None:
    if found := deep(header):
        raise BadFileError(
            f'image {path} is {found}, expected 8-bit colour; convert it to 8-bit RGB, with the '
            'brightness that your camera needs'
        )
    if not (header.grey or header.palette):
        return
    if header.lossless and looks_like_labels(image):
        raise BadFileError(
            f'image {path} is a label file, expected a photograph; are img_path and seg_map_path '
            'exchanged, or do labels lie beside the photographs? Take them out, or list the '
            'images to use in an ann_file'
        )
    if header.grey:
        _tell_once(f'greyscale images, such as {path}, are used as three equal channels')


def _tell_once(message: str) -> None:
    """Log a message once in a process, and of the workers only in the first."""
    worker = get_worker_info()
    if not _told and (worker is None or worker.id == 0):
        _told.append(message)
        print_log(message, logger='current', level=logging.WARNING)


def _damaged(path: str) -> str:
    return (
        f'image {path} cannot be read ({size_of(path)}): it is damaged, truncated or not an image; '
        'copy it again'
    )


def size_of(path: str) -> str:
    """Size of a file, for messages."""
    return f'{os.path.getsize(path)} bytes' if os.path.isfile(path) else 'no file'
