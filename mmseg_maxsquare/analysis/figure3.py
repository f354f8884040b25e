"""Figure 3 from real features: the effect of adaptation on two classes of a classifier.

Does it push the target features away from the decision boundary, towards the source
features of their class? Two classes of the source and of the target in feature space,
before and after. Horizontal axis: the exact signed distance to the boundary between the
two classes. Vertical axis: the direction along the boundary in which the source varies
most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn
from torch.utils.data import DataLoader

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.runs.config import load_config
from mmseg_maxsquare.runs.errors import fail, one_line_errors
from mmseg_maxsquare.runs.models import load_classifier, usable_device

from .plots import COLOURS, MARKERS, axes, check_out, save
from .predictions import build_loader

FIELDS = ('model', 'domain', 'class', 'distance', 'along')
DOMAINS = ('source', 'target')


@dataclass
class Features:
    """Pooled features of a domain.

    Attributes:
        values: ``(N, D)``.
        labels: Class of each, ``(N,)``.
        predicted: Predicted class of each, ``(N,)``.
    """

    values: np.ndarray
    labels: np.ndarray
    predicted: np.ndarray


def figure3(
    config: str,
    before: str,
    after: str,
    out: Path,
    classes: Sequence[str] | None = None,
    device: str | None = None,
    options: Sequence[str] = (),
) -> None:
    """Draw Figure 3 as PNG, with its numbers as CSV beside it.

    Args:
        config: Of the adaptation, such as ``maxsquare/digits_mnist2uci.py``.
        before: Checkpoint, such as of the source model.
        after: Checkpoint of the adaptation.
        out: PNG to write.
        classes: Names of two. Defaults to the two that the first model confuses most
            often on the target.
        device: Where the models run. Defaults to the accelerator, if there is one.
        options: Overrides of config fields, ``field=value``.
    """
    check_out(out)
    load_only_safely()
    cfg = load_config(config, options, loaders=('train_dataloader', 'test_dataloader'))
    if (cfg.get('model') or {}).get('type') != 'UDAImageClassifier':
        fail(f'config: {config} is not an adaptation of a classifier (UDAImageClassifier)')
    place = usable_device(device)
    init_default_scope('mmseg')
    rows, chosen, domains = [], None, loaders(cfg)
    names = list(domains['target'].dataset.metainfo['classes'])
    panels = axes(columns=2, width=4.2, height=3.8)
    for panel, (title, path) in zip(panels, dict(before=before, after=after).items(), strict=True):
        model = load_classifier(cfg, path, title).to(place)
        with one_line_errors(cfg):
            features = {domain: extract(model, loader) for domain, loader in domains.items()}
        chosen = chosen or choose(classes, names, features['target'])
        rows += draw(panel, title, model, features, chosen, names)
    panels[0].legend(frameon=False, fontsize=8)
    save(panels[0].figure, out, FIELDS, rows)
    print(f'{out}: classes {" and ".join(names[index] for index in chosen or ())}')


def loaders(cfg: Config) -> dict[str, DataLoader]:
    """Loaders of the source's training and the target's test images, both for evaluation."""
    test = cfg.test_dataloader
    source = {**cfg.train_dataloader.dataset.source, 'pipeline': test.dataset.pipeline}
    return {
        'source': build_loader({**test, 'dataset': source}),
        'target': build_loader(test),
    }


def extract(model: nn.Module, loader: DataLoader) -> Features:
    """Features, classes and predictions of all images of a loader."""
    values, labels, predicted = [], [], []
    with torch.no_grad():
        for batch in loader:
            batch = model.data_preprocessor(batch, False)
            features = model.extract_feat(batch['inputs'])
            values.append(features.cpu().numpy())
            predicted.append(model.classifier(features).argmax(1).cpu().numpy())
            labels += [int(sample.gt_label) for sample in batch['data_samples']]
    return Features(np.concatenate(values), np.array(labels), np.concatenate(predicted))


def choose(given: Sequence[str] | None, names: list[str], target: Features) -> tuple[int, int]:
    """The two classes to show."""
    if given is None:
        return most_confused(target.labels, target.predicted, len(names))
    unknown = [name for name in given if name not in names]
    if unknown or given[0] == given[1]:
        fail(f'--classes: {" and ".join(given)}; name two of {", ".join(names)}')
    return names.index(given[0]), names.index(given[1])


def most_confused(labels: np.ndarray, predicted: np.ndarray, count: int) -> tuple[int, int]:
    """The pair of classes that are confused most often."""
    confusion = np.bincount(labels * count + predicted, minlength=count**2).reshape(count, count)
    mutual = confusion + confusion.T
    mutual[np.tril_indices(count)] = -1  # each pair once; the first two if nothing is confused
    first, second = np.unravel_index(mutual.argmax(), mutual.shape)
    return int(first), int(second)


def project(
    features: np.ndarray, weight: np.ndarray, bias: float, reference: np.ndarray
) -> np.ndarray:
    """Two coordinates of features: across the decision boundary, and along it.

    Args:
        features: ``(N, D)``.
        weight: ``(D,)``; the boundary is where ``weight @ f + bias`` is 0.
        bias: See there.
        reference: Features ``(M, D)`` whose first principal direction within the
            boundary is the second axis.

    Returns:
        ``(N, 2)``, the signed distance to the boundary first.
    """
    normal = weight / np.linalg.norm(weight)
    inside = reference - np.outer(reference @ normal, normal)
    centre = inside.mean(0)
    direction = np.linalg.svd(inside - centre, full_matrices=False)[2][0]
    direction = direction * np.sign(direction[np.abs(direction).argmax()])  # deterministic
    distance = (features @ weight + bias) / np.linalg.norm(weight)
    return np.stack([distance, (features - centre) @ direction], axis=1)


def draw(
    panel: Axes,
    title: str,
    model: nn.Module,
    features: dict[str, Features],
    chosen: tuple[int, int],
    names: list[str],
) -> list[tuple]:
    """Draw the two classes of both domains; returns the rows of the CSV."""
    first, second = chosen
    weights = model.classifier.weight.detach().cpu().numpy()
    biases = model.classifier.bias.detach().cpu().numpy()
    weight, bias = weights[second] - weights[first], float(biases[second] - biases[first])
    source = features['source']
    reference = source.values[np.isin(source.labels, chosen)]
    rows = []
    for number, domain in enumerate(DOMAINS):
        found = features[domain]
        for colour, index in zip((COLOURS[1], COLOURS[6]), chosen, strict=True):
            places = project(found.values[found.labels == index], weight, bias, reference)
            face = dict(facecolors='none', edgecolors=colour) if number else dict(color=colour)
            label = f'{names[index]}, {domain}'
            style = dict(s=14, marker=MARKERS[2 * number], linewidths=0.8, alpha=0.6, label=label)
            panel.scatter(*places.T, **style, **face)
            rows += [(title, domain, names[index], float(x), float(y)) for x, y in places]
    panel.axvline(0, color='black', linewidth=1, linestyle='--')
    target = features['target']
    shown = np.isin(target.labels, chosen)
    sides = project(target.values[shown], weight, bias, reference)[:, 0] > 0
    right = (sides == (target.labels[shown] == second)).mean()
    panel.set_title(
        f'{title}: {right:.0%} of the target on the correct side', loc='left', fontsize=9
    )
    panel.set(xlabel='signed distance to the boundary', ylabel='along the boundary')
    return rows
