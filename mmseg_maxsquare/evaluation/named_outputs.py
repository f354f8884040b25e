"""mmseg's mIoU metric, with files of its own for the prediction of each image."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmseg.evaluation import IoUMetric
from mmseg.registry import METRICS

from mmseg_maxsquare.data_files import BadFileError


@METRICS.register_module()
class NamedIoUMetric(IoUMetric):
    """mmseg's ``IoUMetric``, which never writes the predictions of two images to one file.

    mmseg takes the name of the image without its folder, so that ``night/0001.png``
    overwrites ``day/0001.png``.

    Args:
        **kwargs: As for :class:`IoUMetric`.

    Attributes:
        names: Name of the output by path of the image, relative to ``output_dir`` and without
            suffix. Images that are not in it keep their own names.
    """

    output_dir: str | None

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.names: dict[str, str] = {}
        self._written: dict[str, str] = {}

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Count a batch, and write its predictions if there is an ``output_dir``.

        Raises:
            BadFileError: If an image has the name of another one.
        """
        if self.output_dir is None:
            super().process(data_batch, data_samples)
            return
        folder = self.output_dir
        try:
            for sample in data_samples:
                path = Path(folder, f'{self._name(sample["img_path"])}.png')
                path.parent.mkdir(parents=True, exist_ok=True)
                self.output_dir = str(path.parent)
                super().process(data_batch, [{**sample, 'img_path': path.name}])
        finally:
            self.output_dir = folder

    def _name(self, image: str) -> str:
        name = self.names.get(image) or os.path.splitext(os.path.basename(image))[0]
        first = self._written.setdefault(name.lower(), image)
        if first != image:
            raise BadFileError(
                f'{first} and {image} would both be written to {name}.png; write them with '
                'mmseg-maxsquare test --out, which keeps the folders, or rename one of them'
            )
        return name
