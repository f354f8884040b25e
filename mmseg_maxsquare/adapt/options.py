"""Where overrides of config fields go: into the user's config, or into the one made from it."""

import difflib
import inspect
from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.registry import DATASETS, HOOKS, MODELS, OPTIM_WRAPPERS, OPTIMIZERS, TRANSFORMS

from mmseg_maxsquare.models.uda_model import UDA_FIELDS
from mmseg_maxsquare.runs.class_list import leaves
from mmseg_maxsquare.runs.config import merge_options

from .make_config import plain_segmentor
from .pipelines import crop_of, image_pipeline
from .request import Request

# What the made config takes from the user's.
TAKEN = (
    'model', 'default_scope', 'custom_imports', 'train_dataloader.dataset',
    'val_dataloader.dataset', 'test_dataloader.dataset',
)  # fmt: skip
MADE = ('train_dataloader.dataset.target', *(f'model.{field}' for field in UDA_FIELDS))
# Fields that have an argument of their own, which the plan and the record of the run show.
ARGUMENTS = {
    'train_cfg.max_iters': '--steps',
    'optim_wrapper.optimizer.lr': '--lr',
    'randomness.seed': '--seed',
    'model.trained_params': '--params',
    'load_from': 'CHECKPOINT',
    'work_dir': '--out',
}
REGISTRIES = (MODELS, DATASETS, TRANSFORMS, HOOKS, OPTIM_WRAPPERS, OPTIMIZERS)


def change_user_config(cfg: Config, options: dict[str, Any], request: Request) -> dict[str, Any]:
    """Set the fields of the user's config that the adaptation takes from it.

    Args:
        cfg: The user's; it is changed.
        options: Values by field.
        request: What was asked for.

    Returns:
        The other options, which are for the made config.

    Raises:
        ValueError: If an option has an argument of its own, or no effect.
    """
    for field in options:
        if field in ARGUMENTS:
            raise ValueError(f'--cfg-options: {field}: give {ARGUMENTS[field]} instead')
    own = {
        field: value
        for field, value in options.items()
        if _is_below(field, TAKEN) and not _is_below(field, MADE) and has_field(cfg, field)
    }
    for field, value in own.items():
        before, then = taken(cfg, request), _get(cfg, field)
        merge_options(cfg, {field: value})
        if _get(cfg, field) != then and taken(cfg, request) == before:
            raise ValueError(
                f'--cfg-options: {field} has no effect on this adaptation; leave it out'
            )
    return {field: value for field, value in options.items() if field not in own}


def change_made_config(cfg: Config, options: dict[str, Any], user: Config) -> None:
    """Set fields of the made config.

    Args:
        cfg: The made config; it is changed.
        options: See :func:`change_user_config`.
        user: The user's config.

    Raises:
        ValueError: If neither config has the field.
    """
    for field in options:
        if not has_field(cfg, field):
            known = [*fields_of(cfg), *(f for f in fields_of(user) if _is_below(f, TAKEN))]
            like = difflib.get_close_matches(field, known, n=1)
            hint = f'; did you mean {like[0]}?' if like else ''
            raise ValueError(f'--cfg-options: adapt uses no field {field}{hint}')
    merge_options(cfg, options)


def taken(cfg: Config, request: Request) -> dict[str, Any]:
    """What an adaptation takes from the user's config."""
    loaders = [cfg.get(name) or {} for name in ('test_dataloader', 'val_dataloader')]
    tested: dict = next((each['dataset'] for each in loaders if each.get('dataset')), {})
    parts = dict(
        model=plain_segmentor(cfg),
        images=image_pipeline(cfg),
        crop=crop_of(cfg),
        labels={key: value for key, value in tested.items() if key != 'pipeline'},
        imports=cfg.get('custom_imports'),
        scope=cfg.get('default_scope'),
        classes=[(leaf.get('type'), leaf.get('metainfo')) for leaf in _datasets(cfg)],
    )
    if request.with_source:
        parts['source'] = [cfg.get(name) for name in ('train_dataloader', 'val_dataloader')]
    return Config(dict(parts=parts)).to_dict()


def has_field(node: Any, field: str) -> bool:
    """Whether a config has a field, or a place for it.

    A part with a ``type`` has the fields that it gives and the arguments of its class; the
    config itself has those of mmengine's ``Runner``; other parts have any field.
    """
    word, _, rest = field.partition('.')
    if isinstance(node, list | tuple):
        inside = word.isdigit() and int(word) < len(node)
        return inside and (not rest or has_field(node[int(word)], rest))
    if not isinstance(node, dict | Config):
        return False
    if word in node:
        return not rest or has_field(node[word], rest)
    if isinstance(node, Config):
        return not rest and word in inspect.signature(Runner).parameters
    known = _arguments(_class_of(node['type'])) if 'type' in node else None
    return known is None or word in known


def _arguments(kind: Any) -> set[str] | None:
    """Arguments of a class and of those that it is derived from; None if they are not known."""
    if not isinstance(kind, type) or kind.__module__.startswith('torch.'):  # such as norm layers
        return None
    classes = [each for each in inspect.getmro(kind)[:-1] if '__init__' in vars(each)]
    signatures = [inspect.signature(vars(each)['__init__']) for each in classes]
    parameters = [each for signature in signatures for each in signature.parameters.values()]
    return {each.name for each in parameters if each.kind is not each.VAR_KEYWORD}


def fields_of(node: Any, before: str = '') -> Iterator[str]:
    """All fields of a config with their places."""
    pairs = enumerate(node) if isinstance(node, list | tuple) else node.items()
    for name, value in pairs:
        yield f'{before}{name}'
        if isinstance(value, dict | list | tuple):
            yield from fields_of(value, f'{before}{name}.')


def _class_of(kind: Any) -> Any:
    if not isinstance(kind, str):
        return kind
    return next((found for registry in REGISTRIES if (found := registry.get(kind))), None)


def _is_below(field: str, places: tuple[str, ...]) -> bool:
    return any(f'{field}.'.startswith(f'{place}.') for place in places)


def _get(node: Any, field: str) -> Any:
    """A value; None if there is none."""
    word, _, rest = field.partition('.')
    if isinstance(node, list | tuple):
        node = node[int(word)]
    else:
        node = node.get(word) if isinstance(node, dict | Config) else None
    return _get(node, rest) if rest and node is not None else node


def _datasets(cfg: Config) -> Iterator[dict]:
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(name) or {}).get('dataset')
        yield from leaves(dataset) if isinstance(dataset, dict) else ()
