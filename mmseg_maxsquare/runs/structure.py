"""Fields of a config that have another kind of value than the rest of the checks rely on."""

from collections.abc import Iterator
from typing import TypeGuard

from mmengine.config import Config

from .findings import Finding, config_error

# Expected kinds by field; None, or a field that is missing, is reported by other checks.
KINDS: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(('model', 'default_hooks', 'visualizer', 'randomness', 'env_cfg'), (dict,)),
    **dict.fromkeys(('train_cfg', 'val_cfg', 'test_cfg', 'tta_model', 'optim_wrapper'), (dict,)),
    **dict.fromkeys(('val_evaluator', 'test_evaluator', 'param_scheduler'), (dict, list, tuple)),
    **dict.fromkeys(('custom_hooks', 'tta_pipeline'), (list, tuple)),
    **dict.fromkeys(('load_from', 'work_dir', 'experiment_name', 'default_scope'), (str,)),
}
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
HEADS = ('decode_head', 'auxiliary_head')
LISTED = (dict, list, tuple)
MOST_SEED = 2**32 - 1  # of NumPy
NAMES = {dict: 'dict(...)', list: 'a list', str: 'a text'}


def check_structure(cfg: Config) -> Iterator[Finding]:
    """Check the kinds of the fields that the other checks look into."""
    for field, kinds in KINDS.items():
        yield from _kind(field, cfg.get(field), kinds)
    for field in ('val_evaluator', 'test_evaluator'):
        yield from _parts(field, cfg.get(field))
        if cfg.get(field) in ([], (), {}):
            yield config_error('fields', field, 'is empty: nothing is scored', 'name a metric')
    hooks = cfg.get('default_hooks')
    for name, hook in hooks.items() if isinstance(hooks, dict) else ():
        yield from _kind(f'default_hooks.{name}', hook, (dict,))
    yield from _parts('custom_hooks', cfg.get('custom_hooks'))
    randomness = cfg.get('randomness')
    if isinstance(randomness, dict):
        yield from _check_seed(randomness.get('seed'))
    model = cfg.get('model')
    if isinstance(model, dict):
        yield from _check_model(model)
    for field in LOADERS:
        loader = cfg.get(field)
        yield from _kind(field, loader, (dict,))
        if isinstance(loader, dict):
            yield from _kind(f'{field}.sampler', loader.get('sampler'), (dict,))
            yield from _check_dataset(f'{field}.dataset', loader.get('dataset'), empty=False)


def is_seed(value: object) -> bool:
    """Whether a value is a seed that NumPy takes."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_SEED


def _check_seed(seed: object) -> Iterator[Finding]:
    if seed is not None and not is_seed(seed):
        what = f'is {seed!r}, expected a whole number from 0 to {MOST_SEED}'
        yield config_error('fields', 'randomness.seed', what, 'or leave it out for a random one')


def _check_model(model: dict) -> Iterator[Finding]:
    yield from _kind('model.backbone', model.get('backbone'), (dict,))
    for name in HEADS:
        where, heads = f'model.{name}', model.get(name)
        yield from _parts(where, heads)
        listed = {f'{where}.{i}': head for i, head in enumerate(heads)} if _is_list(heads) else {}
        for place, head in (listed or {where: heads}).items():
            if isinstance(head, dict):
                yield from _parts(f'{place}.loss_decode', head.get('loss_decode'))


def _check_dataset(where: str, dataset: object, empty: bool = True) -> Iterator[Finding]:
    """A data set, and those inside it."""
    if dataset is None and empty:
        return
    if not isinstance(dataset, dict):
        yield _finding(where, dataset, (dict,))
        return
    yield from _kind(f'{where}.data_root', dataset.get('data_root'), (str,))
    yield from _kind(f'{where}.pipeline', dataset.get('pipeline'), (list, tuple))
    for name in ('source', 'target', 'dataset'):
        yield from _check_dataset(f'{where}.{name}', dataset.get(name))
    yield from _kind(f'{where}.datasets', dataset.get('datasets'), (list, tuple))
    if isinstance(dataset.get('datasets'), list | tuple):
        for i, part in enumerate(dataset['datasets']):
            yield from _check_dataset(f'{where}.datasets.{i}', part, empty=False)


def _is_list(value: object) -> TypeGuard[list | tuple]:
    return isinstance(value, list | tuple)


def _parts(where: str, value: object) -> Iterator[Finding]:
    """One dict, or several in a list."""
    yield from _kind(where, value, LISTED)
    for i, part in enumerate(value if isinstance(value, list | tuple) else ()):
        if not isinstance(part, dict):
            yield _finding(f'{where}.{i}', part, (dict,))


def _kind(where: str, value: object, kinds: tuple[type, ...]) -> Iterator[Finding]:
    if value is not None and not isinstance(value, kinds):
        yield _finding(where, value, kinds)


def _finding(where: str, value: object, kinds: tuple[type, ...]) -> Finding:
    expected = ' or '.join(NAMES[kind] for kind in kinds if kind in NAMES)
    what = f'is {value!r}, expected {expected}'
    return config_error('fields', where, what, 'look at one of the shipped configs')
