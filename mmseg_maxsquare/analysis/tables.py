"""Tables of results: the runs behind their rows, and the paper's numbers beside them."""

import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.shipped import shipped_configs

FOLDERS = dict(table='tables', study='studies')  # of configs/
PAPER = json.loads((Path(__file__).parent / 'paper_tables.json').read_text(encoding='utf-8'))
FIELDS = {
    'title', 'paper', 'start', 'rows', 'score', 'means', 'classes', 'references', 'pictures'
}  # fmt: skip
# Sections of a config; other names in it are used only inside the config file.
SECTIONS = (
    'model', 'optim_wrapper', 'param_scheduler', 'train_cfg', 'train_dataloader',
    'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator', 'default_hooks',
    'custom_hooks', 'env_cfg',
)  # fmt: skip
ROW_FIELDS = {'name', 'config', 'start', 'train', 'options', 'grid'}
COLUMNS_FIELDS = {'name', 'columns', 'start', 'train'}  # of a row whose columns are runs
AVERAGE = 'Avg'  # of the columns that are runs of their own


@dataclass(frozen=True)
class Run:
    """One training run (or test), apart from its seed.

    Attributes:
        config: Config below ``configs/``.
        options: Overrides of the config, value by field.
        start: The run whose last checkpoint it starts from.
        train: False if it only evaluates that checkpoint.
    """

    config: str
    options: tuple[tuple[str, Any], ...] = ()
    start: 'Run | None' = None
    train: bool = True

    @property
    def slug(self) -> str:
        """Folder of the run, such as ``maxsquare/gta2cs+model.target_loss.alpha=0.1``."""
        return '+'.join([self.config.removesuffix('.py'), *(f'{k}={v}' for k, v in self.options)])


@dataclass(frozen=True)
class Row:
    """A row of a table, or a cell of a row or of a strip of settings.

    Attributes:
        name: Its name, also the key of the paper's numbers.
        run: The run that its numbers come from.
        group: For rows of a grid: the name of the strip.
        setting: For rows of a grid: the heading of the cell.
        column: For rows whose columns are separate runs: the heading of this one.
    """

    name: str
    run: Run
    group: str = ''
    setting: str = ''
    column: str = ''


@dataclass(frozen=True)
class Table:
    """A table of results.

    Attributes:
        name: Name of its file.
        title: Its heading.
        rows: The rows that we run.
        score: Main metric of a run.
        means: Heading of every mean, by metric name, or by column.
        classes: Classes to show, or None for all classes in the results.
        references: Rows to which differences are shown.
        pictures: Rows whose predictions are drawn.
        paper: The paper's rows: dicts with name, labels and values.
    """

    name: str
    title: str
    rows: list[Row]
    score: str = 'mIoU'
    means: dict[str, str] = field(default_factory=lambda: dict(mIoU='mIoU'))
    classes: list[str] | None = None
    references: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    paper: list[dict] = field(default_factory=list)

    @property
    def runs(self) -> list[Run]:
        """All runs, each once, after the run that it starts from."""
        runs: list[Run] = []
        for row in self.rows:
            chain = [row.run]
            while chain[0].start is not None:
                chain.insert(0, chain[0].start)
            runs += [run for run in chain if run not in runs]
        return runs


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
    paper = PAPER[spec.pop('paper')]['rows'] if 'paper' in spec else []
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


def _rows_of(where: str, entry: dict, start: str | None) -> list[Row]:
    """The row of an entry, or all rows of its columns or its grid."""
    known, main = (COLUMNS_FIELDS, 'columns') if 'columns' in entry else (ROW_FIELDS, 'config')
    check_fields(f'{where}: row {entry.get("name")}', entry, known, {'name', main})
    name, train = entry['name'], entry.get('train', True)
    start = entry.get('start', start)
    if 'columns' in entry:
        starts = start if isinstance(start, dict) else dict.fromkeys(entry['columns'], start)
        sources = {column: first and Run(first) for column, first in starts.items()}
        return [
            Row(name, Run(config, (), sources.get(column), train), column=column)
            for column, config in entry['columns'].items()
        ]
    config = entry['config']
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
