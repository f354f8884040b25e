"""The rooms of the package: who imports whom, downwards only; and no path is patched."""

import ast
import re
from pathlib import Path

import pytest

from tests.helpers import REPO

PACKAGE = REPO / 'mmseg_maxsquare'
# From the top down; rooms of one floor do not know each other.
FLOORS = [
    {'cli'},
    {'demo'},
    {'adapt', 'analysis'},
    {'doctor', 'converters'},
    {'runs'},
    {'engine'},
    {'evaluation', 'models', 'datasets'},
    {'methods'},
    {'losses'},
]
# Files of the package itself, which any room may use; they use none.
LOBBY = {'__init__', '__main__', 'data_files', 'registration', 'safe_types', 'shipped', 'stack'}
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
MODULES = sorted(path for path in PACKAGE.rglob('*.py') if path.parent != PACKAGE)


def imported_rooms(path: Path) -> set[str]:
    """Rooms of this package that a module imports, also inside functions."""
    package = path.relative_to(REPO).with_suffix('').parts[:-1]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            stem = '.'.join([*base, *([node.module] if node.module else [])])
            names |= {f'{stem}.{alias.name}' for alias in node.names}
    parts = [name.split('.') for name in names if name.startswith('mmseg_maxsquare.')]
    return {part[1] for part in parts}


def test_every_room_has_its_floor() -> None:
    rooms = {path.name for path in PACKAGE.iterdir() if (path / '__init__.py').is_file()}
    assert rooms == set(FLOOR_OF)
    assert {path.stem for path in PACKAGE.glob('*.py')} == LOBBY


@pytest.mark.parametrize('path', MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0]
    others = imported_rooms(path) - LOBBY - {room}
    upward = {other for other in others if FLOOR_OF[other] <= FLOOR_OF[room]}
    assert not upward, f'{room} imports {upward}'


def test_no_path_is_patched() -> None:
    """Everything is found as a package: no module changes ``sys.path``."""
    folders = ('mmseg_maxsquare', 'tools', 'tests', 'benchmarks')
    files = [path for folder in folders for path in (REPO / folder).rglob('*.py')]
    patched = re.compile(r'sys[.]path[.]|[.]syspath_prepend')
    found = [path for path in files if patched.search(path.read_text(encoding='utf-8'))]
    assert found == []


def test_files_are_short() -> None:
    """About 250 lines at most."""
    long = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob('*.py')}
    assert {path: count for path, count in long.items() if count > 250} == {}


# Every method: its file, its folder of configs, its page, its tests.
METHODS = {
    'maxsquare': ('losses/target_losses.py', 'method.md', 'test_losses/test_target_losses.py'),
    'minent': ('losses/target_losses.py', 'method.md', 'test_losses/test_target_losses.py'),
    **{
        name: (f'methods/{name}.py', f'methods/{name}.md', f'test_methods/test_{name}.py')
        for name in ('adaptsegnet', 'advent', 'cbst', 'cross_city', 'dann')
    },
}
NO_METHODS = {'evidence', '_base_', 'demo', 'source_free', 'source_only', 'studies', 'tables'}
PARTS = {'__init__', 'method', 'method_list', 'adversarial', 'checks'}  # of methods, shared


@pytest.mark.parametrize('name', METHODS)
def test_no_method_lacks_a_part(name: str) -> None:
    code, page, test = METHODS[name]
    folder = REPO / 'configs' / name
    for path in (PACKAGE / code, REPO / 'docs' / page, REPO / 'tests' / test, folder):
        assert path.exists(), path
    assert (
        (folder / 'camvid_day2dusk.py').is_file()
        or any(folder.glob('camvid_day2dusk_*.py'))
        or name == 'dann'
    )
    assert page in (REPO / 'mkdocs.yml').read_text(encoding='utf-8')


def test_every_method_is_listed() -> None:
    folders = {path.name for path in (REPO / 'configs').iterdir() if path.is_dir()}
    assert folders - NO_METHODS - {'__pycache__'} == set(METHODS)
    files = {path.stem for path in (PACKAGE / 'methods').glob('*.py')}
    assert files - PARTS <= set(METHODS)
