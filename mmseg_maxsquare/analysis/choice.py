"""Rows of a table chosen by patterns."""

from collections.abc import Sequence
from fnmatch import fnmatchcase

from .rows import Row, Table


def chosen_rows(table: Table, patterns: Sequence[str]) -> list[Row]:
    """Rows of a table, by name or by the heading that the table shows.

    Args:
        table: The table.
        patterns: Each is a full name, or a pattern with ``*`` and ``?``, or else a part of
            names, in any case. Brackets stand for themselves. All rows if there is none.

    Raises:
        ValueError: If a pattern fits no row.
    """
    chosen = set() if patterns else {row.name for row in table.rows}
    for pattern in patterns:
        found = {row.name for row in table.rows if _fits(pattern, row, exactly=True)}
        found = found or {row.name for row in table.rows if _fits(pattern, row)}
        if not found:
            names = ', '.join(dict.fromkeys(row.name for row in table.rows))
            raise ValueError(f'--rows: no row of {table.name} fits {pattern}; its rows: {names}')
        chosen |= found
    return [row for row in table.rows if row.name in chosen]


def rows_text(rows: Sequence[Row]) -> str:
    """Rows and their runs, one line for each."""
    wide = max(len(row.name) for row in rows)
    lines = [f'  {row.name:{wide}}  {row.run.slug}' for row in rows]
    return '\n'.join(['rows:', *lines])


def _fits(pattern: str, row: Row, exactly: bool = False) -> bool:
    """Whether a name of a row is the pattern, or fits it, or contains it."""
    text = pattern.lower()
    names = [name.lower() for name in (row.name, row.heading) if name]
    if exactly:
        return text in names
    glob = text if '*' in text or '?' in text else f'*{text}*'
    return any(fnmatchcase(name, glob.replace('[', '[[]')) for name in names)
