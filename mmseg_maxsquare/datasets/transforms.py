"""The paper's blur augmentation."""

import cv2
import numpy as np
from mmcv.transforms.base import BaseTransform
from mmcv.transforms.utils import cache_randomness
from mmseg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomGaussianBlur(BaseTransform):
    """Blurs the image with a Gaussian of random width; labels stay unchanged.

    Args:
        prob: Probability of blurring, in [0, 1]. Defaults to 0.5.
        max_radius: Standard deviation in pixels is uniform in [0, max_radius).
            Defaults to 1, as in the released code.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(self, prob: float = 0.5, max_radius: float = 1.0) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob must lie in [0, 1], got {prob}')
        if not max_radius > 0:
            raise ValueError(f'max_radius must be positive, got {max_radius}')
        self.prob = prob
        self.max_radius = max_radius

    @cache_randomness
    def draw_radius(self) -> float:
        """Standard deviation in pixels; 0 for no blur."""
        blur = np.random.rand() < self.prob
        return float(np.random.uniform(0, self.max_radius)) if blur else 0.0

    def transform(self, results: dict) -> dict:
        """Blur ``results['img']``, ``(H, W, C)`` uint8 or float32."""
        radius = self.draw_radius()
        if radius > 0:
            results['img'] = cv2.GaussianBlur(results['img'], (0, 0), radius)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, max_radius={self.max_radius})'
