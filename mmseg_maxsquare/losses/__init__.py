"""Target losses: pure functions, and modules with mmseg's interface."""

from .class_shares import ClassShareLoss, class_share_loss, class_shares
from .functional import (
    class_counts,
    entropy_loss,
    image_wise_weight,
    max_square_loss,
    pearson_chi2,
)
from .information import InformationMaximisationLoss, information_maximisation_loss
from .target_losses import EntropyLoss, MaxSquareLoss

__all__ = [
    'ClassShareLoss',
    'EntropyLoss',
    'InformationMaximisationLoss',
    'MaxSquareLoss',
    'class_counts',
    'class_share_loss',
    'class_shares',
    'entropy_loss',
    'image_wise_weight',
    'information_maximisation_loss',
    'max_square_loss',
    'pearson_chi2',
]
