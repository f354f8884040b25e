"""``NAME=PATH`` on the command line of tools that compare runs."""

from collections.abc import Iterable
from pathlib import Path


def named_paths(arguments: Iterable[str]) -> dict[str, Path]:
    """Paths by name, from arguments ``NAME=PATH``.

    Raises:
        ValueError: If an argument has another form, or a name is given twice.
    """
    paths: dict[str, Path] = {}
    for argument in arguments:
        name, _, path = argument.partition('=')
        if not name or not path:
            raise ValueError(f'{argument!r} is not of the form NAME=PATH')
        if name in paths:
            raise ValueError(f'the name {name!r} is given twice; give each its own')
        paths[name] = Path(path)
    return paths
