"""Data sets of both domains, their loading and pairing, and the paper's blur."""

from .camvid import CamVidDataset
from .cityscapes import CityscapesLabelIdDataset
from .class_labels import ClassLabelDataset, PackClassInputs
from .digits import DigitsDataset
from .evaluation_protocol import EvaluationProtocol
from .gta5 import GTA5Dataset
from .image_folder import ImageFolderDataset
from .label_ids import LabelIdDataset
from .labelled_folder import LabelledFolderDataset
from .labelmefacade import LabelMeFacadeDataset
from .load_image import LoadImage
from .loading import LoadLabelIds
from .nthu import NTHUDataset
from .office31 import Office31Dataset
from .self_training_dataset import LoadPseudoLabels, RareClassCrop, SelfTrainingDataset
from .static_mask import LoadStaticMask
from .synthia import SYNTHIADataset
from .transforms import RandomGaussianBlur
from .uda_dataset import UDADataset
from .uda_sampler import UDASampler

__all__ = [
    'CamVidDataset',
    'CityscapesLabelIdDataset',
    'ClassLabelDataset',
    'DigitsDataset',
    'EvaluationProtocol',
    'GTA5Dataset',
    'ImageFolderDataset',
    'LabelIdDataset',
    'LabelMeFacadeDataset',
    'LabelledFolderDataset',
    'LoadImage',
    'LoadLabelIds',
    'LoadPseudoLabels',
    'LoadStaticMask',
    'NTHUDataset',
    'Office31Dataset',
    'PackClassInputs',
    'RandomGaussianBlur',
    'RareClassCrop',
    'SYNTHIADataset',
    'SelfTrainingDataset',
    'UDADataset',
    'UDASampler',
]
