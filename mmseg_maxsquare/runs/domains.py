"""The data sets of a config, each built without reading its list of files."""

import dataclasses
import os
from collections.abc import Iterator
from typing import Any

from mmcv.transforms import BaseTransform, LoadImageFromFile
from mmengine.config import Config
from mmengine.dataset import BaseDataset, Compose
from mmseg.datasets.transforms import LoadAnnotations, RandomRotFlip
from mmseg.registry import DATASETS

from mmseg_maxsquare.datasets import SelfTrainingDataset, UDADataset
from mmseg_maxsquare.datasets.class_labels import ClassLabelDataset

from .errors import fact_and_remedy
from .findings import Finding

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


@dataclasses.dataclass
class Domain:
    """One data set of the config.

    Attributes:
        name: ``'source'``, ``'target'``, ``'train'``, ``'val'`` or ``'test'``,
            numbered if a domain consists of several data sets.
        field: Its config field.
        cfg: Its config.
        times: How often a wrapper repeats it.
        mixed: Whether its items go through the pipeline of a wrapper, which packs them.
        scored: Whether a loop compares predictions with its labels.
        dataset: The built data set; None if building failed.
        findings: Problems that were found.
    """

    name: str
    field: str
    cfg: dict
    times: int = 1
    mixed: bool = False
    scored: bool = True
    dataset: BaseDataset | None = None
    findings: list[Finding] = dataclasses.field(default_factory=list)

    @property
    def built(self) -> BaseDataset:
        """The data set; only called for domains whose data set could be built."""
        if self.dataset is None:
            raise RuntimeError(f'the data set of {self.field} has not been built')
        return self.dataset

    @property
    def role(self) -> str:
        """Name without the number."""
        return self.name.split()[0]

    @property
    def needs_labels(self) -> bool:
        """Whether a run reads labels of this domain."""
        return self.role != 'target' and self.scored

    @property
    def in_training(self) -> bool:
        """Whether a run trains on it."""
        return self.role in ('train', 'source', 'target')

    @property
    def reads_labels(self) -> bool:
        """Whether the pipeline has a step that reads labels."""
        return self.dataset is not None and label_loader(self) is not None

    @property
    def has_class_labels(self) -> bool:
        """Whether its labels are classes of whole images, which are part of the file list."""
        return isinstance(self.dataset, ClassLabelDataset)

    @property
    def classes(self) -> list[str] | None:
        """Class names; None for a plain set of images."""
        classes = self.dataset.metainfo.get('classes') if self.dataset is not None else None
        return None if classes is None else list(classes)

    def add(self, level: str, kind: str, where: object, what: str, remedy: str = '') -> None:
        """Add a finding; its kind names the domain."""
        self.findings.append(Finding(level, f'{self.name}: {kind}', str(where), what, remedy))

    def prefix(self, key: str) -> str | None:
        """Image or label folder, if the data set has one."""
        return getattr(self.dataset, 'data_prefix', {}).get(key)


def domains_of(cfg: Config) -> list[Domain]:
    """The data sets of the config; test only if it differs from val."""
    domains = []
    for name, place, dataset in parts_of(cfg):
        leaves = list(_leaves(Domain(name, place, dataset, scored=_is_scored(cfg, name))))
        for number, leaf in enumerate(leaves, 1):
            leaf.name += f' {number}' if len(leaves) > 1 else ''
        domains += leaves
    return domains


def parts_of(cfg: Config) -> Iterator[tuple[str, str, dict]]:
    """Name, field and config of what the loaders read, which may be a wrapper of data sets."""
    datasets = {loader: (cfg.get(loader) or {}).get('dataset') for loader in LOADERS}
    if datasets['test_dataloader'] == datasets['val_dataloader']:
        del datasets['test_dataloader']
    for loader, dataset in datasets.items():
        name, place = loader.removesuffix('_dataloader'), f'{loader}.dataset'
        if not isinstance(dataset, dict):
            continue
        if not (is_pair(dataset) or is_mixture(dataset)):
            yield name, place, dataset
            continue
        for part in ('source', 'target'):
            if isinstance(dataset.get(part), dict):
                yield part, f'{place}.{part}', dataset[part]


def _is_scored(cfg: Config, name: str) -> bool:
    """Whether an evaluator does more than writing predictions."""
    evaluator = cfg.get(f'{name}_evaluator')
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', evaluator)
    metrics = evaluator if isinstance(evaluator, list | tuple) else [evaluator]
    return not all(isinstance(metric, dict) and metric.get('format_only') for metric in metrics)


def is_pair(dataset: dict) -> bool:
    """Whether a config is that of a UDADataset."""
    return dataset.get('type') in ('UDADataset', 'mmseg.UDADataset', UDADataset)


def is_mixture(dataset: dict) -> bool:
    """Whether a config is that of a SelfTrainingDataset."""
    names = ('SelfTrainingDataset', 'mmseg.SelfTrainingDataset', SelfTrainingDataset)
    return dataset.get('type') in names


def _leaves(part: Domain) -> Iterator[Domain]:
    """Data sets inside wrappers such as ConcatDataset and RepeatDataset."""
    cfg, inner = part.cfg, part.cfg.get('datasets')
    if isinstance(inner, list | tuple):
        for i, own in enumerate(inner):
            yield from _leaves(
                dataclasses.replace(part, field=f'{part.field}.datasets.{i}', cfg=own, findings=[])
            )
    elif isinstance(cfg.get('dataset'), dict):
        times = cfg['times'] if isinstance(cfg.get('times'), int) else 1
        yield from _leaves(
            dataclasses.replace(
                part,
                field=f'{part.field}.dataset',
                cfg=cfg['dataset'],
                times=part.times * times,
                mixed=part.mixed or 'pipeline' in cfg,
            )
        )
    else:
        yield part


def build(domain: Domain) -> None:
    """Build the data set of a domain; an error while building becomes a finding."""
    root = domain.cfg.get('data_root')
    if root is not None and not os.path.isdir(root):
        domain.add(
            'error',
            'data folder missing',
            f'{domain.field}.data_root',
            f'no folder {root}' + nearest(root),
            'put the data set there, set the environment variable MMSEG_MAXSQUARE_DATA to the '
            f'folder above, or use --cfg-options {domain.field}.data_root=PATH',
        )
        return
    try:
        domain.dataset = DATASETS.build({**domain.cfg, 'lazy_init': True})
    except Exception as error:  # a config can hold anything
        what, remedy = fact_and_remedy(error, 'correct the fields of this data set')
        name = _name(domain.cfg.get('type'))
        domain.add('error', 'data set cannot be built', domain.field, f'{name}: {what}', remedy)
        return
    if not isinstance(domain.dataset, BaseDataset):
        kind = type(domain.dataset).__name__
        domain.add('note', 'not checked', domain.field, f'{kind} is not an mmengine data set')
        domain.dataset = None


def image_loader(domain: Domain) -> LoadImageFromFile:
    """The step of the pipeline that loads images, also inside wrappers, or the default one."""
    return _find(domain.built.pipeline, LoadImageFromFile) or LoadImageFromFile()


def label_loader(domain: Domain) -> LoadAnnotations | None:
    """The step of the pipeline that loads labels, also inside wrappers."""
    return _find(domain.built.pipeline, LoadAnnotations)


def rotates_labels_to_zero(domain: Domain) -> bool:
    """Whether mmseg's ``RandomRotFlip`` is in the pipeline; ours have another in its place."""
    step = _find(domain.built.pipeline, RandomRotFlip)
    return domain.role != 'source' and domain.reads_labels and type(step) is RandomRotFlip


def _find(step: object, kind: type, depth: int = 10) -> Any:
    if isinstance(step, kind):
        return step
    parts = step if isinstance(step, list | tuple) else getattr(step, '__dict__', {}).values()
    inner = (part for part in parts if isinstance(part, list | tuple | BaseTransform | Compose))
    found = (_find(part, kind, depth - 1) for part in inner if depth)
    return next((step for step in found if step is not None), None)


def nearest(path: str) -> str:
    """For a missing path: its closest existing parent and what that contains."""
    parent = os.path.abspath(path)
    while not os.path.isdir(parent):
        parent = os.path.dirname(parent)
    return f' ({parent} exists and holds {_listing(parent)})'


def _listing(folder: str, limit: int = 6) -> str:
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith('.'))
    except OSError as error:
        return f'entries that cannot be listed ({error.strerror})'
    if not names:
        return 'nothing'
    return ', '.join(names[:limit]) + (', ...' if len(names) > limit else '')


def _name(kind: object) -> str:
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
