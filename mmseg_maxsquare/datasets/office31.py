"""Office-31: three domains of 31 classes, in its original folders."""

import os
from typing import Any

from mmseg.registry import DATASETS

from mmseg_maxsquare.data_files import list_files

from .class_labels import ClassLabelDataset
from .photographs import IMAGE_SUFFIXES

DOMAINS = ('amazon', 'webcam', 'dslr')


@DATASETS.register_module()
class Office31Dataset(ClassLabelDataset):
    """One domain of Office-31: ``DOMAIN/images/CLASS/*.jpg`` below ``data_root``.

    The whole domain has 2,817 (amazon), 795 (webcam) or 498 (dslr) images.

    Args:
        domain: ``'amazon'``, ``'webcam'`` or ``'dslr'``.
        data_root: Folder with the domains.
        **kwargs: As for :class:`ClassLabelDataset`.

    Raises:
        ValueError: If there is no such domain, or a folder in it is not a class.
        FileNotFoundError: If the domain's folder, or all images of a class, are
            missing.
    """

    METAINFO = dict(
        classes=(
            'back_pack', 'bike', 'bike_helmet', 'bookcase', 'bottle', 'calculator',
            'desk_chair', 'desk_lamp', 'desktop_computer', 'file_cabinet', 'headphones',
            'keyboard', 'laptop_computer', 'letter_tray', 'mobile_phone', 'monitor', 'mouse',
            'mug', 'paper_notebook', 'pen', 'phone', 'printer', 'projector', 'punchers',
            'ring_binder', 'ruler', 'scissors', 'speaker', 'stapler', 'tape_dispenser',
            'trash_can',
        ),
    )  # fmt: skip

    def __init__(self, domain: str, data_root: str, **kwargs: Any) -> None:
        if domain not in DOMAINS:
            raise ValueError(f'Office31Dataset: domain must be one of {DOMAINS}, got {domain!r}')
        self.domain = domain
        self.LAYOUT = f'{domain}/images/CLASS/*.jpg'
        prefix = dict(img_path=f'{domain}/images')
        super().__init__(data_root=data_root, data_prefix=prefix, **kwargs)

    def load_data_list(self) -> list[dict]:
        """Image path and class of every image, in alphabetical order."""
        folder = self.data_prefix['img_path']
        layout = f'expected {self.LAYOUT} below data_root ({self.data_root})'
        if not os.path.isdir(folder):
            raise FileNotFoundError(f'Office31Dataset: no folder {folder}; {layout}')
        classes = self.metainfo['classes']
        paths = list_files(folder, (*IMAGE_SUFFIXES, *(s.upper() for s in IMAGE_SUFFIXES)))
        found = {path.split(os.sep)[0] for path in paths}
        unknown, missing = sorted(found - set(classes)), sorted(set(classes) - found)
        if unknown:
            raise ValueError(
                f'Office31Dataset: {folder} holds {", ".join(unknown[:3])}, none of the '
                f'{len(classes)} classes; move it away, or correct the name of the folder'
            )
        if missing:
            raise FileNotFoundError(
                f'Office31Dataset: {folder} has no image of {len(missing)} of {len(classes)} '
                f'classes ({", ".join(missing[:3])}); complete the copy; {layout}'
            )
        index = {name: i for i, name in enumerate(classes)}
        return [
            dict(img_path=os.path.join(folder, path), gt_label=index[path.split(os.sep)[0]])
            for path in paths
        ]
