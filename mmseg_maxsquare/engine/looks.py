"""The guard's looks as rows of a CSV file."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

Look = dict[str, Any]


def as_csv(looks: Sequence[Look]) -> str:
    """The text of a CSV file; all looks have the same keys."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(looks[0]), lineterminator='\n')
    writer.writeheader()
    for look in looks:
        writer.writerow({k: f'{v:.6g}' if isinstance(v, float) else v for k, v in look.items()})
    return text.getvalue()


def read_csv(path: Path) -> list[Look]:
    """Looks of a CSV file; what is a number becomes one."""
    with path.open(newline='', encoding='utf-8') as stream:
        return [{key: _value(v) for key, v in look.items()} for look in csv.DictReader(stream)]


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
