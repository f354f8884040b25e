"""Accuracy of a classifier: over all images, of each class, and of named sets of images."""

import csv
import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.evaluator import BaseMetric
from mmseg.registry import METRICS

from mmseg_maxsquare.data_files import BadFileError, read_list

PREDICTIONS = 'predictions.csv'
FIELDS = ('image', 'truth', 'predicted', 'confidence')


@METRICS.register_module()
class ClassAccuracyMetric(BaseMetric):
    """Accuracies in percent, under mmseg's names.

    ``aAcc`` over all images (the number of Table 1), ``Acc.CLASS`` of each class,
    ``mAcc`` their mean. The accuracy of a class without images is NaN, and left out
    of the mean.

    Args:
        subsets: Files that list images (``img_path``, one per line), by the name of the
            metric to report for them, such as ``dict(top='work_dirs/.../top.txt')``
            (Figure 5). Defaults to None.
        output_dir: Folder for ``predictions.csv``: image, class, prediction and its
            probability. Defaults to None: it is not written.
        **kwargs: As for mmengine's :class:`BaseMetric`.

    Raises:
        ValueError: If a file lists no image, or one that was not evaluated, or a
            subset has the name of another metric.
    """

    def __init__(
        self, subsets: dict[str, str] | None = None, output_dir: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        taken = sorted({'aAcc', 'mAcc'} & set(subsets or {}))
        if taken:
            raise ValueError(f'subsets must not be called {taken}: those are of all images')
        self.subsets = {name: _names(name, path) for name, path in (subsets or {}).items()}
        self.output_dir = output_dir

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Store name, class, prediction and its probability of each image."""
        for sample in data_samples:
            confidence, predicted = sample['pred_score'].max(0)
            row = (sample['img_path'], int(sample['gt_label']), int(predicted), float(confidence))
            self.results.append(row)

    def compute_metrics(self, results: list[tuple]) -> dict[str, float]:
        """The accuracies; writes the predictions if a folder is set."""
        classes = self.dataset_meta['classes']
        if self.output_dir is not None:
            _write(os.path.join(self.output_dir, PREDICTIONS), classes, results)
        names, truth, predicted, _ = (np.array(column) for column in zip(*results, strict=True))
        right = 100.0 * (truth == predicted)
        of_class = [
            right[truth == i].mean() if (truth == i).any() else np.nan for i in range(len(classes))
        ]
        metrics = dict(aAcc=right.mean(), mAcc=np.nanmean(of_class))
        for name, images in self.subsets.items():
            unknown = sorted(images - set(names))
            if unknown:
                raise BadFileError(
                    f'val_evaluator.subsets.{name} lists {len(unknown)} images that were not '
                    f'evaluated, such as {unknown[0]}; write the list again for this data set'
                )
            metrics[name] = right[np.isin(names, list(images))].mean()
        metrics |= {f'Acc.{c}': value for c, value in zip(classes, of_class, strict=True)}
        return {name: float(value) for name, value in metrics.items()}


def _names(name: str, path: str) -> set[str]:
    """Images of a list."""
    try:
        return set(filter(None, read_list(path)))
    except (OSError, ValueError) as error:
        what = error.strerror if isinstance(error, OSError) else error
        raise ValueError(f'val_evaluator.subsets.{name}: {path}: {what}') from error


def _write(path: str, classes: Sequence[str], results: list[tuple]) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', newline='', encoding='utf-8') as stream:
        writer = csv.writer(stream, lineterminator='\n')
        writer.writerow(FIELDS)
        for name, truth, predicted, confidence in results:
            writer.writerow([name, classes[truth], classes[predicted], f'{confidence:.6f}'])
