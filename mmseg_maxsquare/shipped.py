"""The configs that come with the package: their location and names."""

import ast
import difflib
from pathlib import Path

NOT_RUN = ('_base_', 'tables', 'studies', 'demo')  # folders of files that are not complete configs


def shipped_configs() -> Path:
    """Folder of the shipped configs: inside the package, else in the clone.

    An editable install and a clone have no ``mmseg_maxsquare/configs``.
    """
    package = Path(__file__).resolve().parent
    inside = package / 'configs'
    return inside if inside.is_dir() else package.parent / 'configs'


def config_names(pattern: str = '') -> list[str]:
    """Names of the shipped configs that contain a pattern, such as ``maxsquare/gta2cs.py``."""
    folder = shipped_configs()
    names = (path.relative_to(folder) for path in sorted(folder.rglob('*.py')))
    return [str(n) for n in names if n.parts[0] not in NOT_RUN and pattern in str(n)]


def find_config(config: str) -> Path:
    """The file of a config, by its path or its shipped name (``.py`` may be left out).

    Raises:
        ValueError: If it is neither; suggests the closest shipped configs.
    """
    path = Path(config)
    if path.is_file():
        return path
    shipped = shipped_configs() / config.removeprefix('configs/')
    for file in (shipped, shipped.with_name(f'{shipped.name}.py')):
        if file.is_file():
            return file
    near = nearest(config.removeprefix('configs/').removesuffix('.py'), _without_suffix())
    meant = f'; the nearest shipped configs: {", ".join(f"{name}.py" for name in near)}'
    raise ValueError(
        f'no file {config} and no shipped config of that name{meant if near else ""}; '
        'list them with: mmseg-maxsquare configs'
    )


def nearest(name: str, known: list[str], count: int = 3) -> list[str]:
    """The most similar known names, at most ``count``, the best first."""
    return difflib.get_close_matches(name, known, n=count, cutoff=0.5)


def describe(name: str) -> str:
    """The comment in the first line of a shipped config."""
    with (shipped_configs() / name).open(encoding='utf-8') as stream:
        return stream.readline().removeprefix('#').strip()


def copy_config(name: str, folder: Path) -> list[Path]:
    """Copy a shipped config, and the files that it inherits from, in the layout of configs/.

    An existing file with the same content is left alone.

    Args:
        name: Shipped name, such as ``maxsquare/gta2cs.py``.
        folder: Target folder; it is created.

    Returns:
        The copies, the config's own first.

    Raises:
        ValueError: If there is no such config, or a copy would replace another file.
    """
    shipped = shipped_configs()
    path = find_config(str(shipped / name) if (shipped / name).is_file() else name).resolve()
    if not path.is_relative_to(shipped):
        raise ValueError(f'{name} is not a shipped config; list them with: mmseg-maxsquare configs')
    copies = {file: folder / file.relative_to(shipped) for file in with_bases(path)}
    for file, copy in copies.items():
        if copy.exists() and (copy.is_dir() or copy.read_bytes() != file.read_bytes()):
            raise ValueError(f'{copy} exists and is not overwritten; name another folder')
    for file, copy in copies.items():
        copy.parent.mkdir(parents=True, exist_ok=True)
        if not copy.exists():
            copy.write_bytes(file.read_bytes())
    return list(copies.values())


def with_bases(path: Path) -> list[Path]:
    """A config and all files that it inherits from, each once."""
    files = [path]
    for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], 'id', '') == '_base_':
            value = ast.literal_eval(node.value)
            for base in [value] if isinstance(value, str) else value:
                files += with_bases((path.parent / base).resolve())
    return list(dict.fromkeys(files))


def _without_suffix() -> list[str]:
    return [name.removesuffix('.py') for name in config_names()]
