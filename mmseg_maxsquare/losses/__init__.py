"""Target losses: pure functions, and modules with mmseg's interface."""

from .functional import (
    class_counts,
    entropy_loss,
    image_wise_weight,
    max_square_loss,
    pearson_chi2,
)
from .target_losses import EntropyLoss, MaxSquareLoss

__all__ = [
    'EntropyLoss',
    'MaxSquareLoss',
    'class_counts',
    'entropy_loss',
    'image_wise_weight',
    'max_square_loss',
    'pearson_chi2',
]
