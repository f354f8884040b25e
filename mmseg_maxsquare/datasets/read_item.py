"""Reads an item of any data set; a file that cannot be decoded is named."""

from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.data_files import BadFileError

from .load_image import size_of


def read_item(dataset: Dataset, index: int) -> dict:
    """An item of a data set.

    Args:
        dataset: Also one with mmseg's own loaders, whose decoders name no file.
        index: Of the item.

    Raises:
        BadFileError: If its image or label file cannot be decoded.
    """
    try:
        return dataset[index]
    except OSError as error:
        info = dataset.get_data_info(index) if hasattr(dataset, 'get_data_info') else {}
        image, label = (info.get(key) for key in ('img_path', 'seg_map_path'))
        if any(path and path in str(error) for path in (image, label)):
            raise
        if image and not _is_image(image):
            raise BadFileError(
                f'image {image} cannot be read ({size_of(image)}): it is damaged, truncated or not '
                'an image; copy it again'
            ) from error
        if label and not _is_image(label):
            raise BadFileError(
                f'label file {label} is not a readable image ({size_of(label)}): it is damaged or '
                'truncated; copy it again'
            ) from error
        raise


def _is_image(path: str) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True
