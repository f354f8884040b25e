"""Label files that mmseg's own data sets would read without noticing that they do not fit."""

import os
from collections.abc import Iterator

from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.datasets.pixel_format import TURNED, read_header

from .findings import Finding
from .image_sizes import HEADERS, evenly

MODES = ('1', 'L', 'P', 'I', 'I;16', 'I;16B')  # of Pillow, with one value per pixel


def check_label_files(where: str, dataset: Dataset) -> Iterator[Finding]:
    """The first pair of image and label that does not fit, by their headers.

    Args:
        where: Field of the data set.
        dataset: With or without labels; only those that mmseg's own loader reads count.
    """
    steps = getattr(getattr(dataset, 'pipeline', None), 'transforms', ())
    if not any(type(step) is LoadAnnotations for step in steps):
        return
    for number in evenly(len(dataset), HEADERS):
        info = dataset.get_data_info(number)
        image, label = info.get('img_path'), info.get('seg_map_path')
        local = getattr(dataset, 'backend_args', None) is None
        if local and image and label and (fault := _fault(image, label)):
            remedy = 'correct it, or leave the pair out with a list of names as ann_file'
            yield Finding('error', 'labels', where, fault, remedy)
            return


def _fault(image: str, label: str) -> str | None:
    sizes = {}
    for kind, path in (('image', image), ('label file', label)):
        if not os.path.isfile(path):
            return f'{kind} {path} not found'
        try:
            with Image.open(path) as opened:  # reads no pixels
                sizes[path] = opened.size
                mode = opened.mode
        except Exception:  # of any decoder
            return f'{kind} {path} is not a readable image ({os.path.getsize(path)} bytes)'
    if mode not in MODES:
        return f'label file {label} is {mode}, expected one class index per pixel'
    shown = sizes[image]
    if sizes[label] != shown and read_header(image).orientation in TURNED:
        shown = shown[::-1]
    if sizes[label] != shown:
        return (
            f'label file {label} has size {sizes[label][::-1]} (height, width), its image '
            f'{shown[::-1]}'
        )
    return None
