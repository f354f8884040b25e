"""Reads an item of any data set; a file that cannot be decoded is named."""

from PIL import Image
from torch.utils.data import Dataset

from mmseg_maxsquare.data_files import BadFileError

FILES = {'image': 'img_path', 'label file': 'seg_map_path'}


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
        for kind, key in FILES.items():
            path = info.get(key)
            if path and error.errno is None and not _is_image(path):
                raise BadFileError(
                    f'{kind} {path} is damaged, truncated or not an image; copy it again'
                ) from error
        raise


def _is_image(path: str) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True
