"""Config fields that must be consistent with each other."""

from collections.abc import Iterator

from mmengine.config import Config
from mmseg.datasets.transforms import RandomCrop
from mmseg.registry import MODELS

from mmseg_maxsquare.datasets import UDASampler
from mmseg_maxsquare.datasets.loading import IGNORE
from mmseg_maxsquare.models import UDAModel

from .domains import LOADERS, Domain, is_mixture, is_pair
from .drawing import check_drawing
from .findings import Finding, config_error
from .hooks import check_needs, check_priorities
from .inference import check_inference
from .layers import check_layers
from .loops import check_loops
from .quoted import check_quoted
from .scoring import check_scoring

LOOPS = {
    'train': ('train_dataloader', 'train_cfg', 'optim_wrapper'),
    'val': ('val_dataloader', 'val_cfg', 'val_evaluator'),
    'test': ('test_dataloader', 'test_cfg', 'test_evaluator'),
}


def check_settings(cfg: Config, domains: list[Domain]) -> list[Finding]:
    """All checks that need neither files nor the built model."""
    return [
        *_check_scope(cfg),
        *_check_fields(cfg),
        *check_quoted(cfg),
        *check_layers(cfg),
        *check_priorities(cfg),
        *check_needs(cfg),
        *check_loops(cfg),
        *check_inference(cfg),
        *check_drawing(cfg),
        *_check_loaders(cfg),
        *_check_pairing(cfg),
        *_check_targets(domains),
        *_check_class_lists(domains),
        *_check_heads(cfg, domains),
        *check_scoring(cfg, domains),
    ]


def _check_scope(cfg: Config) -> Iterator[Finding]:
    if cfg.get('default_scope') is None:
        what = "missing: the runner would look for mmseg's types in mmengine"
        yield config_error('fields missing', 'default_scope', what, "add default_scope = 'mmseg'")


def _check_fields(cfg: Config) -> Iterator[Finding]:
    """The fields of a loop must be given all together or not at all."""
    for loop, fields in LOOPS.items():
        missing = [name for name in fields if cfg.get(name) is None]
        if missing and (loop == 'train' or len(missing) < len(fields)):
            given = [name for name in fields if name not in missing]
            what = f'missing; the config has {", ".join(given) or "no field of this loop"}'
            remedy = f'{loop} needs all of {", ".join(fields)}'
            yield from (config_error('fields missing', name, what, remedy) for name in missing)
    if cfg.get('model') is None:
        yield config_error('fields missing', 'model', 'missing', 'add a model')
    for name in LOADERS:
        loader = cfg.get(name)
        if loader is not None and not isinstance(loader.get('dataset'), dict):
            what = f'is {loader.get("dataset")!r}, expected dict(type=...)'
            yield config_error(
                'fields missing', f'{name}.dataset', what, 'name the data set to read'
            )


def _check_loaders(cfg: Config) -> Iterator[Finding]:
    for name in LOADERS:
        loader = cfg.get(name) or {}
        if loader.get('persistent_workers') and not loader.get('num_workers'):
            yield config_error(
                'data loader',
                f'{name}.persistent_workers',
                'True, but num_workers is 0: PyTorch refuses this',
                f'set {name}.persistent_workers=False, or num_workers above 0',
            )


def _check_pairing(cfg: Config) -> Iterator[Finding]:
    """Model, data set and sampler agree on whether there are two domains."""
    loader = cfg.get('train_dataloader') or {}
    dataset, sampler = loader.get('dataset'), (loader.get('sampler') or {}).get('type')
    if not isinstance(dataset, dict):
        return
    pair = is_pair(dataset)
    two = pair or is_mixture(dataset)
    for part in ('source', 'target'):
        source_free = pair and part == 'source' and dataset.get(part, '') is None
        if two and not source_free and not isinstance(dataset.get(part), dict):
            what = f'is {dataset.get(part)!r}, expected the config of a data set'
            where = f'train_dataloader.dataset.{part}'
            yield config_error('fields missing', where, what, f'name the {part} images')
    if two and sampler not in ('UDASampler', 'mmseg.UDASampler', UDASampler):
        yield config_error(
            'sampler',
            'train_dataloader.sampler',
            f'{_name(sampler)}, but a {_name(dataset["type"])} needs its own',
            "set train_dataloader.sampler=dict(type='UDASampler')",
        )
    adapts = _class_of((cfg.get('model') or {}).get('type'))
    # A user's own model may read any data.
    if adapts is None or not adapts.__module__.startswith(('mmseg.', 'mmseg_maxsquare.')):
        return
    if pair != issubclass(adapts, UDAModel):
        yield config_error(
            'model and data',
            'model.type',
            f'{adapts.__name__} trains on {"one domain" if pair else "two domains"}, but '
            f'train_dataloader.dataset is {_name(dataset.get("type"))}',
            "use type='UDAEncoderDecoder' (or UDAImageClassifier) with a UDADataset, another model "
            'with a plain data set',
        )


def _check_targets(domains: list[Domain]) -> Iterator[Finding]:
    """Steps of a target pipeline that cannot work or have no effect."""
    for domain in domains:
        if domain.role != 'target':
            continue
        where = f'{domain.field}.pipeline'
        for step in _steps(domain.cfg.get('pipeline', ())):
            crops = step.get('type') in ('RandomCrop', 'mmseg.RandomCrop', RandomCrop)
            if crops and step.get('cat_max_ratio', 1.0) < 1 and not domain.reads_labels:
                yield config_error(
                    'target pipeline',
                    where,
                    f'RandomCrop(cat_max_ratio={step["cat_max_ratio"]}) looks at labels, which '
                    'this pipeline does not read',
                    'leave cat_max_ratio out',
                )
        if domain.reads_labels:
            what = 'reads labels, which UDADataset drops: target images count as unlabelled'
            yield Finding('note', 'config: target pipeline', where, what)


def _check_class_lists(domains: list[Domain]) -> Iterator[Finding]:
    """All data sets must have the same classes in the same order."""
    known = [(domain, domain.classes) for domain in domains if domain.classes is not None]
    for domain in domains:
        if domain.needs_labels and domain.dataset is not None and domain.classes is None:
            yield config_error(
                'class lists',
                f'{domain.field}.metainfo',
                'the data set has no class list',
                'give it metainfo=dict(classes=(...), palette=[...])',
            )
    for domain, classes in known[1:]:
        first, expected = known[0]
        if classes != expected:
            yield config_error(
                'class lists',
                domain.field,
                f'has {len(classes)} classes, {first.field} {len(expected)}'
                + _difference({first.name: expected, domain.name: classes}),
                'bring them into line with num_classes or metainfo=dict(classes=...) of the data '
                'sets',
            )


def _difference(lists: dict[str, list[str]]) -> str:
    """The difference between the class lists of two domains, by name."""
    first, second = lists.values()
    if set(first) == set(second):
        pairs = zip(first, second, strict=False)
        i, (here, there) = next((i, pair) for i, pair in enumerate(pairs) if pair[0] != pair[1])
        return f', in another order: class {i} is {there!r} instead of {here!r}'
    text = ''
    for (domain, own), other in zip(lists.items(), (second, first), strict=True):
        only = [name for name in own if name not in other]
        text += f'; only the {domain} data set has {only}' if only else ''
    return text


def _check_heads(cfg: Config, domains: list[Domain]) -> Iterator[Finding]:
    """Every head, and its losses, must have the number of classes of the data set."""
    count = next((len(domain.classes) for domain in domains if domain.classes), None)
    for where, head in heads_of(cfg):
        found = head.get('num_classes')
        if count is not None and found is not None and found != count:
            yield config_error(
                'number of classes',
                f'{where}.num_classes',
                f'{found}, but the data sets have {count} classes',
                f'set {where}.num_classes={count}, or choose other classes for the data sets',
            )
        ignored = head.get('ignore_index', IGNORE)
        if ignored != IGNORE and any(_ignores(domain) for domain in domains):
            yield config_error(
                'ignored pixels',
                f'{where}.ignore_index',
                f'{ignored}, but the ignored pixels of the data sets are {IGNORE}',
                f'leave it out, or set {where}.ignore_index={IGNORE}',
            )
        losses = head.get('loss_decode') or {}
        for i, loss in enumerate(losses if isinstance(losses, list | tuple) else [losses]):
            weights = loss.get('class_weight')
            if isinstance(weights, list | tuple) and len(weights) != (found or count):
                place = f'{where}.loss_decode' + ('' if isinstance(losses, dict) else f'.{i}')
                yield config_error(
                    'number of classes',
                    f'{place}.class_weight',
                    f'{len(weights)} weights for {found or count} classes',
                    'give one weight per class, in the order of the classes',
                )


def _ignores(domain: Domain) -> bool:
    """Whether labels of a domain have ignored pixels by the table of its data set."""
    return IGNORE in (getattr(domain.dataset, 'label_map', None) or {}).values()


def heads_of(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Field and config of every head of the model; a classifier counts as a head."""
    if 'num_classes' in (cfg.get('model') or {}):
        yield 'model', cfg.model
    for name in ('decode_head', 'auxiliary_head'):
        heads = (cfg.get('model') or {}).get(name)
        if isinstance(heads, dict):
            yield f'model.{name}', heads
        for i, head in enumerate(heads if isinstance(heads, list | tuple) else ()):
            yield f'model.{name}.{i}', head


def _steps(pipeline: object) -> Iterator[dict]:
    """Configs of a pipeline's steps, also inside wrappers."""
    if isinstance(pipeline, list | tuple):
        for step in pipeline:
            yield from _steps(step)
    elif isinstance(pipeline, dict):
        yield pipeline
        yield from _steps([v for v in pipeline.values() if isinstance(v, list | tuple | dict)])


def _class_of(kind: object) -> type | None:
    found = MODELS.get(kind) if isinstance(kind, str) else kind
    return found if isinstance(found, type) else None


def _name(kind: object) -> str:
    return kind if isinstance(kind, str) else getattr(kind, '__name__', str(kind))
