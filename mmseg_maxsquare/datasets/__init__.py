"""Data sets of both domains, how they are paired, and the paper's blur."""

from .camvid import CamVidDataset
from .gta5 import GTA5Dataset
from .image_folder import ImageFolderDataset
from .label_ids import LabelIdDataset, LoadLabelIds
from .transforms import RandomGaussianBlur
from .uda_dataset import UDADataset
from .uda_sampler import UDASampler

__all__ = [
    'CamVidDataset',
    'GTA5Dataset',
    'ImageFolderDataset',
    'LabelIdDataset',
    'LoadLabelIds',
    'RandomGaussianBlur',
    'UDADataset',
    'UDASampler',
]
