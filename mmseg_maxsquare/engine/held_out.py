"""What a model predicts for held-out target images, measured without labels."""

from collections.abc import Iterator

import numpy as np
import torch
from mmengine.dataset import pseudo_collate
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate
from torch.utils.data import Dataset

from ..datasets.read_item import read_item
from ..evaluation import indicators
from ..losses import class_shares
from ..models.predicted_logits import decided

SCALE = 0.75
MAX_PIXELS = 65536  # of an image that are compared
IGNORE = 255


class HeldOutImages:
    """Images that are not trained on, and the source model's predictions for them.

    Args:
        dataset: Its pipeline ends with ``PackSegInputs``; labels are not needed and not used.
        count: Number of images, evenly spaced in the data set.
    """

    def __init__(self, dataset: Dataset, count: int) -> None:
        self.samples = evenly(dataset, count)
        self._source: list[tuple[Tensor, Tensor]] = []

    def __len__(self) -> int:
        return len(self.samples)

    def set_source(self, model: nn.Module) -> None:
        """Store the source model's labels and class shares of each image."""
        self._source = [
            (decided(model, logits), class_shares(logits)) for logits, _ in self._predictions(model)
        ]

    def look(self, model: nn.Module) -> dict[str, float]:
        """Indicators of a model by name; see :mod:`mmseg_maxsquare.evaluation.indicators`.

        Args:
            model: In any mode; it is in eval mode afterwards.

        Returns:
            Means over the images. ``mirror``, ``scale`` and ``blur`` are the shares of pixels
            whose label is the same in that view of the image.
        """
        rows, shares, labels = [], [], []
        views: dict[str, list[Tensor]] = {name: [] for name in VIEWS}
        pairs = zip(self._predictions(model, tuple(VIEWS)), self._source, strict=True)
        for (logits, seen), (source_labels, source_shares) in pairs:
            label, share = decided(model, logits), class_shares(logits)
            rows.append(
                dict(
                    confidence=indicators.confidence(logits),
                    entropy=indicators.normalised_entropy(logits),
                    density=indicators.soft_neighbourhood_density(logits),
                    share_divergence=indicators.share_divergence(share, source_shares),
                    disagreement=indicators.disagreement(label, source_labels),
                )
            )
            for name, view in seen.items():
                views[name].append(1 - indicators.disagreement(label, decided(model, view)))
            shares.append(share)
            labels.append(label)
        means = {key: torch.cat([row[key] for row in rows]) for key in rows[0]}
        means |= {name: torch.cat(values) for name, values in views.items()}
        information = indicators.information(means['entropy'], torch.cat(shares))
        classes = shares[0].shape[1]
        own, source = (
            label_shares(each, classes) for each in (labels, [pair[0] for pair in self._source])
        )
        return {name: float(values.mean()) for name, values in means.items()} | dict(
            information=float(information),
            retained=float(indicators.retained_share(own, source)),
            top_share=float(own.max()),
        )

    def _predictions(
        self, model: nn.Module, views: tuple[str, ...] = ()
    ) -> Iterator[tuple[Tensor, dict[str, Tensor]]]:
        """Logits ``(1, C, h, w)`` of each image at evenly spaced pixels, and of its views."""
        model.eval()
        with torch.no_grad():
            for sample in self.samples:
                data = model.data_preprocessor(pseudo_collate([sample]), False)
                inputs = data['inputs']
                yield (
                    thinned(unpadded(model.inference_logits(inputs), sample)),
                    {name: thinned(unpadded(VIEWS[name](model, inputs), sample)) for name in views},
                )


class SourceImages:
    """Labelled images of the source, to see what an adaptation forgets.

    Args:
        dataset: Its pipeline reads labels and ends with ``PackSegInputs``.
        count: Number of images, evenly spaced in the data set.

    Raises:
        ValueError: If the pipeline reads no labels.
    """

    def __init__(self, dataset: Dataset, count: int) -> None:
        self.samples = evenly(dataset, count)
        if 'gt_sem_seg' not in self.samples[0]['data_samples']:
            raise ValueError('GuardHook.source: its pipeline needs LoadAnnotations')

    def score(self, model: nn.Module) -> float:
        """mIoU in percent; classes that neither occur nor are predicted are left out."""
        model.eval()
        counts: Tensor | None = None
        with torch.no_grad():
            for sample in self.samples:
                truth = sample['data_samples'].gt_sem_seg.data[0]
                logits = logits_of(model, sample)
                shown = interpolate(logits, truth.shape, mode='bilinear', align_corners=False)
                found = confusion(decided(model, shown)[0].cpu(), truth, logits.shape[1])
                counts = found if counts is None else counts + found
        return mean_iou(counts)


def confusion(labels: Tensor, truth: Tensor, classes: int) -> Tensor:
    """Pixels by class of the truth (row) and of the prediction, ``(C, C)``.

    Args:
        labels: Of the prediction, ``(H, W)``.
        truth: Likewise; 255 is ignored.
        classes: ``C``.
    """
    known = truth != IGNORE
    pairs = truth[known].long() * classes + labels[known].long()
    return torch.bincount(pairs, minlength=classes**2).reshape(classes, classes)


def mean_iou(counts: Tensor) -> float:
    """mIoU in percent of a confusion matrix ``(C, C)``; absent classes are left out."""
    both = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - both
    return float(100 * (both[union > 0] / union[union > 0]).mean())


def evenly(dataset: Dataset, count: int) -> list[dict]:
    """At most ``count`` samples of a data set, evenly spaced."""
    chosen = np.linspace(0, len(dataset) - 1, min(count, len(dataset))).round()
    return [read_item(dataset, int(i)) for i in np.unique(chosen)]


def logits_of(model: nn.Module, sample: dict) -> Tensor:
    """Logits ``(1, C, H, W)`` of a sample, without the padding of the network."""
    data = model.data_preprocessor(pseudo_collate([sample]), False)
    return unpadded(model.inference_logits(data['inputs']), sample)


def unpadded(logits: Tensor, sample: dict) -> Tensor:
    """Logits ``(1, C, H, W)`` without the padding at the bottom and on the right."""
    height, width = sample['inputs'].shape[1:]
    return logits[..., :height, :width]


def mirrored(model: nn.Module, inputs: Tensor) -> Tensor:
    """Logits of the mirror image, mirrored back."""
    return model.inference_logits(inputs.flip(3)).flip(3)


def scaled(model: nn.Module, inputs: Tensor) -> Tensor:
    """Logits of the image at about three quarters of its size, resized back.

    The sides are multiples of 32, which some networks need, and not below those of a sliding
    window. For a network that takes images of one size alone (such as BEiT with whole images),
    the view is the image itself.
    """
    size = [max(32, 32 * round(SCALE * side / 32)) for side in inputs.shape[2:]]
    if model.test_cfg.get('mode') == 'slide':
        size = [max(pair) for pair in zip(size, model.test_cfg.crop_size, strict=True)]
    small = interpolate(inputs, size, mode='bilinear', align_corners=False)
    try:
        logits = model.inference_logits(small)
    except torch.cuda.OutOfMemoryError:
        raise
    except (RuntimeError, AssertionError, ValueError):
        logits = model.inference_logits(inputs)
    return interpolate(logits, inputs.shape[2:], mode='bilinear', align_corners=False)


def blurred(model: nn.Module, inputs: Tensor) -> Tensor:
    """Logits of the image after a 3 x 3 mean filter."""
    return model.inference_logits(avg_pool2d(inputs, 3, 1, 1, count_include_pad=False))


VIEWS = dict(mirror=mirrored, scale=scaled, blur=blurred)


def thinned(logits: Tensor) -> Tensor:
    """Logits ``(B, C, h, w)`` at evenly spaced pixels, at most MAX_PIXELS per image."""
    height, width = logits.shape[2:]
    stride = int(np.ceil(np.sqrt(height * width / MAX_PIXELS)))
    return logits[..., ::stride, ::stride]


def label_shares(labels: list[Tensor], classes: int) -> Tensor:
    """Share of each class ``(C,)`` in label maps."""
    counts = torch.stack([torch.bincount(each.flatten(), minlength=classes) for each in labels])
    return counts.sum(0) / counts.sum()
