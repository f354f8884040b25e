"""Files that define tables and studies: found, read, and their fields checked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.errors import one_line
from mmseg_maxsquare.runs.structure import MOST_SEED, is_seed
from mmseg_maxsquare.shipped import shipped_configs

FOLDERS = dict(table='tables', study='studies')  # of configs/


@dataclass(frozen=True)
class Kind:
    """What a field may hold.

    Attributes:
        expected: In words.
        fits: Whether a value is of this kind.
    """

    expected: str
    fits: Callable[[Any], bool]


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ''


def _is_list(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, list | tuple) and len(value) > 0 and all(map(fits, value))


def _is_dict(value: Any, fits: Callable[[Any], bool]) -> bool:
    names = isinstance(value, dict) and all(map(_is_text, value))
    return names and all(map(fits, value.values()))


def _is_choice(value: Any) -> bool:
    pair = isinstance(value, list | tuple) and len(value) == 2
    return pair and _is_text(value[0]) and _is_list(value[1], lambda _: True)


ANYTHING = Kind('', lambda _: True)  # for fields that are checked where they are used
TEXT = Kind('a text', _is_text)
LIST = Kind('a list of one or more values', lambda value: _is_list(value, lambda _: True))
TEXTS = Kind('a list of texts', lambda value: value == [] or _is_list(value, _is_text))
NAMES = Kind('a list of one or more texts', lambda value: _is_list(value, _is_text))
FLAG = Kind('True or False', lambda value: isinstance(value, bool))
FIELDS = Kind('a dict of config fields', lambda value: _is_dict(value, lambda _: True))
TEXT_BY_NAME = Kind('a dict of texts', lambda value: bool(value) and _is_dict(value, _is_text))
START = Kind(
    'a config, a config for each column, or None',
    lambda value: value is None or _is_text(value) or TEXT_BY_NAME.fits(value),
)
GRID = Kind(
    'a dict of pairs: a config field and the list of its values',
    lambda value: bool(value) and _is_dict(value, _is_choice),
)
ROWS = Kind(
    'a list of one or more dicts', lambda value: _is_list(value, lambda v: isinstance(v, dict))
)
SEEDS = Kind(
    f'a list of one or more whole numbers from 0 to {MOST_SEED}',
    lambda value: _is_list(value, is_seed),
)


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


def spec_names(kind: str) -> list[str]:
    """Names of the shipped tables or studies."""
    return sorted(path.stem for path in (shipped_configs() / FOLDERS[kind]).glob('*.py'))


def read_spec(path: Path) -> dict[str, Any]:
    """Fields of a table's or a study's file; names with a leading underscore are its own.

    Raises:
        ValueError: If it cannot be read.
    """
    fields = _read(path).to_dict()
    return {key: value for key, value in fields.items() if not key.startswith('_')}


def config_named(where: str, name: str) -> Config:
    """The config that a row names, relative to the shipped ones.

    Args:
        where: File and row, for the message.
        name: Such as ``maxsquare/gta2cs.py``.

    Raises:
        ValueError: If there is none, or it cannot be read.
    """
    path = shipped_configs() / name
    if not path.is_file():
        raise ValueError(f'{where}: no config {name}; name one below {shipped_configs()}')
    return _read(path)


def _read(path: Path) -> Config:
    try:
        return read_config(path)
    except Exception as error:  # it is a Python file
        raise ValueError(f'{path} cannot be read: {one_line(error)}') from error


def check_fields(
    where: str, given: dict[str, Any], known: dict[str, Kind], required: set[str]
) -> None:
    """Check the fields of a file, or of one of its rows.

    Args:
        where: The file, and the row if it is one, for the messages.
        given: Values by field.
        known: What each field may hold.
        required: Fields that must be there.

    Raises:
        ValueError: If fields are unknown or missing, or a value is of another kind.
    """
    unknown, missing = sorted(set(given) - set(known)), sorted(required - set(given))
    if unknown or missing:
        raise ValueError(
            f'{where}: unknown fields {unknown}, missing {missing}; the fields: {sorted(known)}'
        )
    for name, value in given.items():
        if not known[name].fits(value):
            raise ValueError(f'{where}: {name} is {value!r}, expected {known[name].expected}')
