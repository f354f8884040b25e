"""Strict reading of label files, and pipelines whose loaders are strict."""

import os
from collections.abc import Callable
from typing import Any

import cv2
import mmcv
import numpy as np
from mmcv.transforms import LoadImageFromFile
from mmengine import fileio
from mmseg.datasets.transforms import LoadAnnotations, RandomRotFlip
from mmseg.registry import TRANSFORMS
from PIL import Image

from mmseg_maxsquare.data_files import BadFileError

from .load_image import LoadImage, size_of
from .pixel_format import TURNED, read_header
from .rotation import RotFlip

IGNORE = 255
UNKNOWN = 254  # marks ids that are missing in a table; larger than any train id


def read_label_ids(content: bytes) -> np.ndarray:
    """Ids of a single-channel 8-bit label file, such as a palette PNG.

    Args:
        content: The file.

    Returns:
        uint8 ``(H, W)``.

    Raises:
        ValueError: If it is another kind of image.
    """
    # OpenCV would convert the ids of a palette file to colours.
    ids = mmcv.imfrombytes(content, flag='unchanged', backend='pillow')
    if ids.ndim != 2 or ids.dtype != np.uint8:
        raise ValueError(f'must be a single-channel 8-bit image of ids, got {_kind(ids)}')
    return ids


def read_first_channel(content: bytes) -> np.ndarray:
    """Ids of a 16-bit label file that holds them in its first channel (RGB order).

    Args:
        content: The file, a PNG with several channels.

    Returns:
        uint16 ``(H, W)``.

    Raises:
        ValueError: If it is another kind of image.
    """
    # Pillow would truncate every channel to 8 bits.
    image = mmcv.imfrombytes(content, flag='unchanged', backend='cv2')
    if image is None:
        raise ValueError('cannot be decoded')
    if image.ndim != 3 or image.dtype != np.uint16:
        raise ValueError(
            'must be a 16-bit image with several channels, the first of them ids, '
            f'got {_kind(image)}; {_loss(image)}'
        )
    return image[..., 2]  # OpenCV's order is blue, green, red (, alpha)


@TRANSFORMS.register_module()
class LoadLabelIds(LoadAnnotations):
    """Loads a label file and maps its ids with the table of the data set.

    Args:
        read: Function from the content of a file to ids ``(H, W)``. Defaults to
            :func:`read_label_ids`.
        **kwargs: As for mmseg's :class:`LoadAnnotations`.

    Raises:
        ValueError: If an argument is given that it would not read.
    """

    def __init__(self, read: Callable[[bytes], np.ndarray] = read_label_ids, **kwargs: Any) -> None:
        for name, default in (('reduce_zero_label', False), ('imdecode_backend', 'pillow')):
            if (kwargs.pop(name, None) or default) != default:
                raise ValueError(
                    f'LoadAnnotations: {name}: the data set says how its label files are read; '
                    f'leave {name} out'
                )
        super().__init__(**kwargs)
        self.read = read

    def _load_seg_map(self, results: dict) -> None:
        """Put the train ids, uint8 ``(H, W)``, into ``results['gt_seg_map']``.

        Raises:
            FileNotFoundError: If the file does not exist.
            BadFileError: If the file is not a label of this kind, has another size
                than its image, or holds an id that is not in the table.
        """
        path = results['seg_map_path']
        if not os.path.isfile(path):
            raise FileNotFoundError(
                f'label file {path} not found (of image {results["img_path"]}); copy it again'
            )
        try:
            ids = self.read(fileio.get(path, backend_args=self.backend_args))
        except ValueError as error:
            raise BadFileError(
                f'label file {path} {error}; take the original label files'
            ) from None
        except Exception as error:  # decoders raise all kinds
            raise BadFileError(
                f'label file {path} is not a readable image ({size_of(path)}): {error}; copy it '
                'again'
            ) from error
        size = tuple(results.get('ori_shape', ids.shape))
        if ids.shape != size:
            raise BadFileError(
                f'label file {path} has size {ids.shape} (height, width), its image {size}'
                + _misfit(ids.shape, size, results['img_path'])
            )
        results['gt_seg_map'] = look_up(ids, results['label_map'], path)
        results['seg_fields'].append('gt_seg_map')


def look_up(ids: np.ndarray, label_map: dict[int, int], path: str) -> np.ndarray:
    """Train ids of the ids in a label file.

    Args:
        ids: uint8 or uint16 ``(H, W)``.
        label_map: Train id of every known id, all of them below 256.
        path: The file, for the error message.

    Returns:
        uint8 ``(H, W)``.

    Raises:
        BadFileError: If an id is not in the map.
    """
    table = np.full(256, UNKNOWN, dtype=np.uint8)
    table[list(label_map)] = list(label_map.values())
    fits = ids.dtype == np.uint8 or int(ids.max(initial=0)) < 256
    train_ids = cv2.LUT(ids.astype(np.uint8, copy=False), table)
    if not fits or (train_ids == UNKNOWN).any():
        unknown = sorted(set(np.unique(ids).tolist()) - set(label_map))
        raise BadFileError(
            f'label file {path} holds unknown ids {unknown[:10]}; known are {sorted(label_map)}; '
            'take the original label files, or a data set class whose table fits'
        )
    return train_ids


def _misfit(label: tuple[int, ...], image: tuple[int, ...], path: str) -> str:
    """Why the sizes of a label and its image differ, if EXIF is the reason, and the remedy."""
    orientation = read_header(path).orientation if os.path.isfile(path) else 1
    if orientation in TURNED and label == image[::-1]:
        shown, stored = f'as EXIF orientation {orientation} shows it', 'as it is stored'
        with Image.open(path) as opened:  # reads no pixels
            is_stored = image == opened.size[::-1]
        own, drawn = (stored, shown) if is_stored else (shown, stored)
        setting = 'shown' if is_stored else 'stored'
        return (
            f' {own}; the label is drawn on the image {drawn}: set orientation={setting!r} of the '
            'data set, or turn the label'
        )
    return '; replace one of them, or leave the pair out with a list of names as ann_file'


STRICT = {
    name: ours
    for stock, ours in (
        (LoadImageFromFile, LoadImage),
        (LoadAnnotations, LoadLabelIds),
        (RandomRotFlip, RotFlip),
    )
    for name in (stock, ours, *(f'{scope}{stock.__name__}' for scope in ('', 'mmseg.', 'mmcv.')))
}


def strict(step: Any, read: Callable[[bytes], np.ndarray], orientation: str = 'shown') -> Any:
    """A pipeline step with mmseg's loaders replaced by ours, also inside wrappers.

    Args:
        step: Config of a transform, a list of such configs, or a transform.
        read: How label files are read; see :class:`LoadLabelIds`.
        orientation: See :class:`LoadImage`.

    Raises:
        ValueError: If a step asks for another orientation.
    """
    if isinstance(step, dict):
        ours = _strict_type(step)
        if ours is LoadImage and step.get('orientation', orientation) != orientation:
            raise ValueError(
                f'LoadImageFromFile: orientation={step["orientation"]!r}, but that of the data set '
                f'is {orientation!r}; set orientation of the data set, and leave it out here'
            )
        if ours is not None:
            own: dict[type, dict] = {
                LoadLabelIds: dict(read=read),
                LoadImage: dict(orientation=orientation),
            }
            return {**step, 'type': ours, **own.get(ours, {})}
        return {key: strict(value, read, orientation) for key, value in step.items()}
    # A size must stay a tuple: some transforms do not accept a list.
    if isinstance(step, list | tuple) and not all(isinstance(v, int | float) for v in step):
        return [strict(value, read, orientation) for value in step]
    if type(step) is LoadAnnotations:
        names = ('backend_args', 'reduce_zero_label', 'imdecode_backend')
        return LoadLabelIds(read, **{name: getattr(step, name) for name in names})
    return step


def loads_labels(step: object) -> bool:
    """Whether a pipeline step, or one inside it, reads labels."""
    if isinstance(step, dict):
        return _strict_type(step) is LoadLabelIds or any(map(loads_labels, step.values()))
    if isinstance(step, list | tuple):
        return any(map(loads_labels, step))
    return isinstance(step, LoadAnnotations)


def _strict_type(step: dict) -> type | None:
    name = step.get('type')
    return STRICT.get(name) if isinstance(name, str | type) else None


def _kind(image: np.ndarray) -> str:
    channels = 1 if image.ndim == 2 else image.shape[2]
    return f'{channels} channels of {image.dtype}'


def _loss(image: np.ndarray) -> str:
    """How a file differs from a 16-bit image with several channels."""
    if image.dtype != np.uint8:
        return (
            'the other channels are missing'
            if image.ndim == 2
            else 'its values are of another kind'
        )
    lost = ', and the other channels are missing' if image.ndim == 2 else ''
    return 'an 8-bit program has probably rewritten it' + lost
