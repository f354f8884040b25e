"""Target losses: pure functions and the mmseg modules over them."""

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
