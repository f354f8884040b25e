"""Tables of results: the runs behind their rows, and the paper's numbers beside them."""

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.methods.checks import is_number
from mmseg_maxsquare.models.ensemble import MEANS

from .rows import Row, Run, Table
from .specs import (
    ANYTHING,
    FIELDS,
    FLAG,
    GRID,
    LIST,
    NAMES,
    ROWS,
    START,
    TEXT,
    TEXT_BY_NAME,
    TEXTS,
    check_fields,
    config_named,
    read_spec,
    spec_file,
)

_HERE = Path(__file__).parent
PAPER = json.loads((_HERE / 'paper_tables.json').read_text(encoding='utf-8'))
PROTOCOLS = json.loads((_HERE / 'protocols.json').read_text(encoding='utf-8'))
TABLE = dict(
    title=TEXT, paper=TEXT, start=START, rows=ROWS, score=TEXT, means=TEXT_BY_NAME, classes=NAMES,
    references=TEXTS, pictures=TEXTS,
)  # fmt: skip
# Sections of a config; other names in it are used only inside the config file.
SECTIONS = (
    'model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader',
    'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator', 'default_hooks',
    'custom_hooks', 'env_cfg',
)  # fmt: skip
SHARED = dict(name=TEXT, heading=TEXT, start=START)  # fields of every kind of row
KINDS = dict(  # of rows, by the field that only this kind has
    members=dict(members=NAMES, weights=LIST, mean=ANYTHING),  # an ensemble of runs
    columns=dict(columns=TEXT_BY_NAME, train=FLAG),  # each column a run
    config=dict(config=TEXT, train=FLAG, options=FIELDS, grid=GRID),
)
# Fields of a network that do not change what it predicts.
TRAINING_ONLY = {
    'pretrained', 'init_cfg', 'norm_eval', 'frozen_affine', 'frozen_stages', 'loss_decode',
    'sampler', 'dropout_ratio',
}  # fmt: skip
AVERAGE = 'Avg'  # of the columns that are runs of their own


def load_table(name: str) -> Table:
    """Load a table by its number or name (``2``, ``camvid_day2dusk``), or from a file.

    Raises:
        ValueError: If there is no such table, or its file has unknown or missing fields.
    """
    path = spec_file('table', (name, f'table{name}'))
    spec = read_spec(path)
    check_fields(str(path), spec, TABLE, required={'title', 'rows'})
    paper = _paper_rows(str(path), spec.pop('paper')) if 'paper' in spec else []
    start = spec.pop('start', None)
    rows = [row for entry in spec.pop('rows') for row in _rows_of(str(path), entry, start)]
    _check_names(str(path), spec, rows)
    columns = list(dict.fromkeys(row.column for row in rows if row.column))
    if columns:
        spec['means'] = {column: column for column in [*columns, AVERAGE]}
    elif 'means' in spec:
        spec.setdefault('score', next(iter(spec['means'])))
    if paper and 'classes' not in spec:
        keys = paper[0]['values']
        spec['classes'] = [k.removeprefix('IoU.') for k in keys if k.startswith('IoU.')]
    return Table(name=path.stem, rows=rows, paper=paper, **spec)


def _check_names(where: str, spec: dict[str, Any], rows: list[Row]) -> None:
    """Each row has its own name, and only rows are named elsewhere."""
    names = [(row.name, row.column) for row in rows]
    twice = [' '.join(filter(None, name)) for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(f'{where}: two rows have the name {twice[0]}')
    known = {row.name for row in rows}
    for field in ('references', 'pictures'):
        if unknown := [name for name in spec.get(field, ()) if name not in known]:
            raise ValueError(f'{where}: {field} has {unknown[0]!r}, which is no row of the table')


def _paper_rows(where: str, number: str) -> list[dict]:
    """Rows of one of the paper's tables, with notes on how their protocols differ."""
    if number not in PAPER:
        raise ValueError(f'{where}: paper is {number!r}, expected one of {list(PAPER)}')
    by_name = PROTOCOLS['tables'].get(number, {})
    rows = []
    for row in PAPER[number]['rows']:
        method = row['name'].partition(': ')[2]  # in Table 6, behind the city
        keys = by_name.get(row['name'], by_name.get(method, []))
        rows.append({**row, 'notes': [PROTOCOLS['notes'][key] for key in keys]})
    return rows


def _rows_of(where: str, entry: dict, start: str | dict | None) -> list[Row]:
    """The row of an entry, or all rows of its columns or its grid."""
    kind = next((kind for kind in KINDS if kind in entry), 'config')
    where = f'{where}: row {entry.get("name")}'
    check_fields(where, entry, SHARED | KINDS[kind], {'name', kind})
    start = entry.get('start', start)
    rows = dict(members=_ensemble, columns=_columns, config=_runs)[kind](where, entry, start)
    heading = entry.get('heading', '')
    return [replace(row, heading=heading) for row in rows]


def _ensemble(where: str, entry: dict, start: str | dict | None) -> list[Row]:
    """A row whose members are trained apart and predict together."""
    source, names = _source(where, start), entry['members']
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
    model = config_named(where, config).model
    return {
        f'{part}.{field}': value
        for part in ('backbone', 'neck', 'decode_head')
        for field, value in (model.get(part) or {}).items()
        if field not in TRAINING_ONLY
    }


def _columns(where: str, entry: dict, start: str | dict | None) -> list[Row]:
    """A row whose columns are runs of their own; ``start`` may name one for each."""
    columns, train = entry['columns'], entry.get('train', True)
    starts = start if isinstance(start, dict) else dict.fromkeys(columns, start)
    rows = []
    for column, config in columns.items():
        config_named(where, config)
        if column not in starts:
            raise ValueError(f'{where}: start has no config for the column {column}')
        run = Run(config, (), _source(where, starts[column], train), train)
        rows.append(Row(entry['name'], run, column=column))
    return rows


def _source(where: str, start: str | dict | None, train: bool = True) -> Run | None:
    """The run that a row starts from, or whose checkpoint it scores."""
    if isinstance(start, dict):
        raise ValueError(f'{where}: start is {start!r}, expected a config: it has no columns')
    if start is not None:
        config_named(where, start)
        return Run(start)
    if not train:
        raise ValueError(f'{where}: train=False scores the checkpoint of start; add start')
    return None


def _runs(where: str, entry: dict, start: str | dict | None) -> list[Row]:
    """A row of one run, or the rows of a grid of settings."""
    name, config, train = entry['name'], entry['config'], entry.get('train', True)
    source = _source(where, start, train)
    options = entry.get('options', {})
    grid = entry.get('grid')
    if grid is None:
        return [Row(name, Run(config, _changes(where, config, options), source, train))]
    rows = []
    for values in itertools.product(*(choices for _, choices in grid.values())):
        chosen = {path: v for (path, _), v in zip(grid.values(), values, strict=True)}
        setting = ' '.join(f'{key}={v}' for key, v in zip(grid, values, strict=True))
        run = Run(config, _changes(where, config, options | chosen), source, train)
        rows.append(Row(f'{name} {setting}', run, name, setting))
    return rows


def _changes(where: str, config: str, options: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    """Options that differ from the config's own values, so that equal runs run only once."""
    cfg = config_named(where, config)
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
