"""Tables of results: the runs behind their rows, and the paper's numbers beside them."""

import itertools
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.methods.checks import is_number
from mmseg_maxsquare.models.ensemble import MEANS
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.shipped import shipped_configs

from .rows import Row, Run, Table

FOLDERS = dict(table='tables', study='studies')  # of configs/
_HERE = Path(__file__).parent
PAPER = json.loads((_HERE / 'paper_tables.json').read_text(encoding='utf-8'))
PROTOCOLS = json.loads((_HERE / 'protocols.json').read_text(encoding='utf-8'))
FIELDS = {
    'title', 'paper', 'start', 'rows', 'score', 'means', 'classes', 'references', 'pictures'
}  # fmt: skip
# Sections of a config; other names in it are used only inside the config file.
SECTIONS = (
    'model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader',
    'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator', 'default_hooks',
    'custom_hooks', 'env_cfg',
)  # fmt: skip
SHARED = {'name', 'heading', 'start'}  # fields of every kind of row
KINDS = dict(  # of rows, by the field that only this kind has, and its other fields
    members={'weights', 'mean'},  # an ensemble of runs
    columns={'train'},  # each column a run
    config={'train', 'options', 'grid'},
)
# Fields of a network that do not change what it predicts.
TRAINING_ONLY = {
    'pretrained', 'init_cfg', 'norm_eval', 'frozen_affine', 'frozen_stages', 'loss_decode',
    'sampler', 'dropout_ratio',
}  # fmt: skip
AVERAGE = 'Avg'  # of the columns that are runs of their own


def spec_file(kind: str, names: Iterable[str]) -> Path:
    """The file of a shipped table or study, or the user's own file.

    Args:
        kind: ``'table'`` or ``'study'``.
        names: The user's input, and alternative names for it.

    Raises:
        ValueError: If there is none; lists the shipped ones.
    """
    names = list(names)
    known = spec_names(kind)
    for name in names:
        if name in known:
            return shipped_configs() / FOLDERS[kind] / f'{name}.py'
    own = Path(names[0])
    if own.suffix == '.py' and own.is_file():
        return own
    raise ValueError(
        f'no {kind} {names[0]}; the available ones: {", ".join(known)}, or a file of your own'
    )


def read_spec(path: Path) -> dict[str, Any]:
    """Fields of a table's or a study's file; names with a leading underscore are its own."""
    fields = read_config(path).to_dict()
    return {key: value for key, value in fields.items() if not key.startswith('_')}


def spec_names(kind: str) -> list[str]:
    """Names of the shipped tables or studies."""
    return sorted(path.stem for path in (shipped_configs() / FOLDERS[kind]).glob('*.py'))


def load_table(name: str) -> Table:
    """Load a table by its number or name (``2``, ``camvid_day2dusk``), or from a file.

    Raises:
        ValueError: If there is no such table, or its file has unknown or missing fields.
    """
    path = spec_file('table', (name, f'table{name}'))
    spec = read_spec(path)
    check_fields(str(path), spec, FIELDS, required={'title', 'rows'})
    paper = _paper_rows(spec.pop('paper')) if 'paper' in spec else []
    start = spec.pop('start', None)
    rows = [row for entry in spec.pop('rows') for row in _rows_of(str(path), entry, start)]
    columns = list(dict.fromkeys(row.column for row in rows if row.column))
    if columns:
        spec['means'] = {column: column for column in [*columns, AVERAGE]}
    elif 'means' in spec:
        spec.setdefault('score', next(iter(spec['means'])))
    if paper and 'classes' not in spec:
        keys = paper[0]['values']
        spec['classes'] = [k.removeprefix('IoU.') for k in keys if k.startswith('IoU.')]
    return Table(name=path.stem, rows=rows, paper=paper, **spec)


def _paper_rows(number: str) -> list[dict]:
    """Rows of one of the paper's tables, with notes on how their protocols differ."""
    by_name = PROTOCOLS['tables'].get(number, {})
    rows = []
    for row in PAPER[number]['rows']:
        method = row['name'].partition(': ')[2]  # in Table 6, behind the city
        keys = by_name.get(row['name'], by_name.get(method, []))
        rows.append({**row, 'notes': [PROTOCOLS['notes'][key] for key in keys]})
    return rows


def _rows_of(where: str, entry: dict, start: str | None) -> list[Row]:
    """The row of an entry, or all rows of its columns or its grid."""
    kind = next((kind for kind in KINDS if kind in entry), 'config')
    where = f'{where}: row {entry.get("name")}'
    check_fields(where, entry, SHARED | {kind} | KINDS[kind], {'name', kind})
    start = entry.get('start', start)
    rows = dict(members=_ensemble, columns=_columns, config=_runs)[kind](where, entry, start)
    heading = entry.get('heading', '')
    return [replace(row, heading=heading) for row in rows]


def _ensemble(where: str, entry: dict, start: str | None) -> list[Row]:
    """A row whose members are trained apart and predict together."""
    source = None if start is None else Run(start)
    names = entry['members']
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ValueError(f'{where}: members must be a list of configs, got {names!r}')
    members = tuple(Run(config, (), source) for config in names)
    weights = tuple(entry.get('weights', [1.0] * len(members)))
    above = all(is_number(weight) and weight > 0 for weight in weights)
    if len(members) < 2 or len(weights) != len(members) or not above:
        raise ValueError(
            f'{where}: an ensemble has at least two members, each with a weight above 0; got '
            f'{len(members)} members, weights {list(weights)}'
        )
    first, *others = (_network(where, config) for config in names)
    for config, network in zip(names[1:], others, strict=True):
        for field in sorted({*first, *network}):
            if first.get(field) != network.get(field):
                raise ValueError(
                    f'{where}: members must be of one network and its classes, but model.{field} '
                    f'is {first.get(field)!r} in {names[0]}, {network.get(field)!r} in {config}'
                )
    mean = entry.get('mean', MEANS[0])
    if mean not in MEANS:
        raise ValueError(f'{where}: mean must be one of {MEANS}, got {mean!r}')
    run = Run(members[0].config, train=False, members=members, weights=weights, mean=mean)
    return [Row(entry['name'], run)]


def _network(where: str, config: str) -> dict[str, Any]:
    """What the members of an ensemble have in common: fields that decide on predictions."""
    path = shipped_configs() / config
    if not path.is_file():
        raise ValueError(f'{where}: no config {config}; name one below {shipped_configs()}')
    model = read_config(path).model
    return {
        f'{part}.{field}': value
        for part in ('backbone', 'neck', 'decode_head')
        for field, value in (model.get(part) or {}).items()
        if field not in TRAINING_ONLY
    }


def _columns(where: str, entry: dict, start: str | dict | None) -> list[Row]:
    """A row whose columns are runs of their own; ``start`` may name one for each."""
    starts = start if isinstance(start, dict) else dict.fromkeys(entry['columns'], start)
    sources = {column: None if first is None else Run(first) for column, first in starts.items()}
    return [
        Row(
            entry['name'],
            Run(config, (), sources.get(column), entry.get('train', True)),
            column=column,
        )
        for column, config in entry['columns'].items()
    ]


def _runs(where: str, entry: dict, start: str | None) -> list[Row]:
    """A row of one run, or the rows of a grid of settings."""
    name, config, train = entry['name'], entry['config'], entry.get('train', True)
    source = None if start is None else Run(start)
    options = entry.get('options', {})
    grid = entry.get('grid')
    if grid is None:
        return [Row(name, Run(config, _changes(config, options), source, train))]
    rows = []
    for values in itertools.product(*(choices for _, choices in grid.values())):
        chosen = {path: v for (path, _), v in zip(grid.values(), values, strict=True)}
        setting = ' '.join(f'{key}={v}' for key, v in zip(grid, values, strict=True))
        run = Run(config, _changes(config, options | chosen), source, train)
        rows.append(Row(f'{name} {setting}', run, name, setting))
    return rows


def _changes(config: str, options: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Options that differ from the config's own values, so that equal runs run only once."""
    cfg = read_config(shipped_configs() / config)
    return tuple(
        (key, value) for key, value in sorted(options.items()) if _field(cfg, config, key) != value
    )


def _field(cfg: Config, config: str, key: str) -> Any:
    """Value of a field such as ``model.guidance.threshold`` or ``a.pipeline.2.prob``.

    Raises:
        ValueError: If the config has no such field, or the field is never read.
    """
    parts = key.split('.')
    node: Any = cfg
    if parts[0] not in SECTIONS:
        raise ValueError(f'{config}: nothing reads {key}; fields begin with one of {SECTIONS}')
    for i, part in enumerate(parts):
        if isinstance(node, list | tuple) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict | Config) and part in node:
            node = node[part]
        elif i == len(parts) - 1 and isinstance(node, dict) and 'type' in node:
            return None  # an argument with a default value in the constructor
        else:
            raise ValueError(f'{config} has no field {key} ({part} is not there)')
    return node


def check_fields(where: str, given: dict, known: set[str], required: set[str]) -> None:
    """Raise ``ValueError`` if a file has unknown fields, or lacks required ones."""
    unknown, missing = sorted(set(given) - known), sorted(required - set(given))
    if unknown or missing:
        raise ValueError(
            f'{where}: unknown fields {unknown}, missing {missing}; the fields: {sorted(known)}'
        )
