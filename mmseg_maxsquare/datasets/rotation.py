"""mmseg's ``RandomRotFlip`` without what it does to labels."""

import mmcv
import numpy as np
from mmseg.datasets.transforms import RandomRotFlip

FILL = 255  # ignored


class RotFlip(RandomRotFlip):
    """Labels of the pixels that a rotation fills in are ignored.

    mmseg's step makes them 0, which is a class, and mixes the ids of neighbouring pixels.
    """

    def random_rotate(self, results: dict) -> dict:
        """Rotate the image, and the label maps without interpolation."""
        angle = np.random.uniform(min(*self.degree), max(*self.degree))
        results['img'] = mmcv.imrotate(results['img'], angle=angle)
        for key in results.get('seg_fields', []):
            results[key] = mmcv.imrotate(
                results[key], angle=angle, border_value=FILL, interpolation='nearest'
            )
        return results
