"""A wheel is the whole product: built, installed and run from an empty folder."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.helpers import REPO

SOURCES = ('mmseg_maxsquare', 'configs', 'setup.py', 'pyproject.toml', 'MANIFEST.in')
TEXTS = ('README.md', 'LICENSE')
OUTSIDE = 'mmseg_maxsquare.egg-info', '__pycache__'
# Words of a command, its exit status, and what it prints, in a folder without data.
COMMANDS = [
    ('configs camvid', 0, 'maxsquare/camvid_day2dusk.py'),
    ('configs --copy maxsquare/gta2cs_iw.py mine', 0, 'mine/maxsquare/gta2cs_iw.py'),
    ('train maxsquare/gta2cs.py', 1, 'error: train_dataloader.dataset.source.data_root: no folder'),
    ('train mine/maxsquare/gta2cs_iw.py', 1, 'source.data_root: no folder'),
    ('test maxsquare/gta2cs.py a.pth', 1, 'error: test_dataloader.dataset.data_root: no folder'),
    ('check source_only/digits_uci2mnist.py --limit 3', 0, '0 errors'),
    ('table 2 --dry-run', 0, '14 runs, about'),
    ('table --collect .', 1, 'error: no finished run of any table below .'),
    ('study camvid --dry-run', 0, '21 runs, about'),
    ('figure 1', 0, 'figure1.png: Figure 1'),
    ('figure 2 maxsquare/gta2cs.py a.pth', 1, 'data_root: no folder'),
    ('figure 3 maxsquare/digits_mnist2uci.py a.pth b.pth', 1, 'error: before: no file a.pth'),
    ('figure 4 maxsquare/gta2cs.py a.pth', 1, 'data_root: no folder'),
    ('figure 5 gta2cs', 1, 'error: no task gta2cs; the available tasks: digits_mnist2uci'),
    ('panels maxsquare/gta2cs.py A=a.pth B=b.pth', 1, 'data_root: no folder'),
    ('curves A=nowhere', 1, 'error: A: no folder nowhere'),
    ('gradient-share maxsquare/gta2cs.py a.pth', 1, 'data_root: no folder'),
    ('convert a.pth b.pth --to mmseg', 1, 'error: a.pth: no such file'),
    ('parity a.pth', 1, 'error: a.pth: no such file'),
    ('demo --world world --formats gta5', 0, 'gta5/train: 160 images'),
    ('chekc maxsquare/gta2cs.py', 1, 'error: no command chekc; the nearest: check'),
]
# All in one process: each start of the stack takes seconds.
DRIVER = """
import contextlib, io, json, sys
from mmseg_maxsquare.cli.main import main
ends = []
for words in json.load(sys.stdin):
    stream, status = io.StringIO(), 0
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        try:
            main(words)
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
            print(end.code)
    ends.append((status, stream.getvalue()))
import mmseg_maxsquare
from mmseg_maxsquare.shipped import shipped_configs
where = [mmseg_maxsquare.__file__, str(shipped_configs())]
print('\\n' + json.dumps(dict(where=where, ends=ends)))
"""


class Environment:
    """A virtual environment with nothing in it, which borrows the stack of this one.

    By links to all but this package: an editable install of it stays out of sight.
    """

    def __init__(self, folder: Path) -> None:
        venv.create(folder / 'venv', with_pip=False)
        self.folder = folder
        self.bin = folder / 'venv/bin'
        self.empty = folder / 'empty'
        self.empty.mkdir()
        stack = folder / 'stack'
        stack.mkdir()
        for entry in Path(sysconfig.get_path('purelib')).iterdir():
            if 'mmseg_maxsquare' not in entry.name:
                (stack / entry.name).symlink_to(entry)
        self.env = {**os.environ, 'PYTHONPATH': str(stack), 'OMP_NUM_THREADS': '1'}
        self.env.pop('MMSEG_MAXSQUARE_DATA', None)

    def install(self, *what: object) -> None:
        pip = [sys.executable, '-m', 'pip', '--python', self.bin / 'python', 'install', '-q']
        alone = ['--no-deps', '--no-build-isolation', '--no-index']
        process = subprocess.run(
            list(map(str, [*pip, *alone, *what])),
            env=self.env,  # with the stack's setuptools, for an editable install
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]

    def commands(self, lines: list[str]) -> tuple[list[Path], list[tuple[int, str]]]:
        """Where the package and its configs are, and how the commands end."""
        process = subprocess.run(
            [self.bin / 'python', '-c', DRIVER],
            input=json.dumps([line.split() for line in lines]),
            cwd=self.empty,
            env=self.env,
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, process.stderr[-4000:]
        found = json.loads(process.stdout.splitlines()[-1])
        return [Path(path) for path in found['where']], found['ends']


def run(*command: object, cwd: Path | None = None) -> str:
    process = subprocess.run(list(map(str, command)), cwd=cwd, capture_output=True, text=True)
    assert process.returncode == 0, (process.stdout + process.stderr)[-4000:]
    return process.stdout


@pytest.fixture(scope='module')
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is packaged: building leaves files behind."""
    folder = tmp_path_factory.mktemp('sources')
    for name in SOURCES:
        if (REPO / name).is_dir():
            shutil.copytree(REPO / name, folder / name, ignore=shutil.ignore_patterns(*OUTSIDE))
        else:
            shutil.copy(REPO / name, folder)
    for name in TEXTS:
        shutil.copy(REPO / name, folder)
    return folder


def build_wheel(source: Path, out: Path) -> Path:
    alone = ('--no-deps', '--no-build-isolation', '--no-index')
    run(sys.executable, '-m', 'pip', 'wheel', '-q', *alone, '-w', out, source)
    (wheel,) = out.glob('*.whl')
    return wheel


@pytest.fixture(scope='module')
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(sources, tmp_path_factory.mktemp('wheel'))


def test_every_command_from_a_wheel(wheel: Path, tmp_path: Path) -> None:
    """In an empty folder; those that need data say what they miss."""
    environment = Environment(tmp_path)
    environment.install(wheel)
    where, ends = environment.commands([line for line, _, _ in COMMANDS])
    inside = tmp_path / 'venv'
    assert all(path.is_relative_to(inside) for path in where)
    assert where[1] == where[0].parent / 'configs'
    for (line, status, words), (found, output) in zip(COMMANDS, ends, strict=True):
        assert (found, words in output) == (status, True), (line, output[-2000:])
        assert 'Traceback' not in output, (line, output)
    # The console script, and the package as a program, are the same command.
    for command in ([environment.bin / 'mmseg-maxsquare'], ['python', '-m', 'mmseg_maxsquare']):
        command[0] = environment.bin / command[0]
        process = subprocess.run(
            [*command, 'configs', 'day2dusk'],
            cwd=environment.empty,
            env=environment.env,
            capture_output=True,
            text=True,
        )
        assert 'maxsquare/camvid_day2dusk.py' in process.stdout


def test_all_configs_are_in_the_wheel(wheel: Path, tmp_path: Path) -> None:
    """Byte for byte, the bases, tables and the paper's numbers too."""
    shutil.unpack_archive(wheel, tmp_path, 'zip')
    ours = {path.relative_to(REPO): path for path in (REPO / 'configs').rglob('*.py')}
    packed = tmp_path / 'mmseg_maxsquare'
    theirs = {path.relative_to(packed): path for path in (packed / 'configs').rglob('*.py')}
    assert ours.keys() == theirs.keys()
    assert all(ours[name].read_bytes() == theirs[name].read_bytes() for name in ours)
    assert (packed / 'analysis/paper_tables.json').is_file()
    parts = [packed / 'adapt' / name for name in ('report.html.j2', 'report.css', 'report.js')]
    assert all(part.is_file() for part in parts)


@pytest.mark.slow
def test_wheel_of_an_sdist(sources: Path, tmp_path: Path) -> None:
    """setup.py and MANIFEST.in put all into the sdist that a wheel is made of."""
    run(sys.executable, 'setup.py', '-q', 'sdist', '-d', tmp_path / 'sdist', cwd=sources)
    (archive,) = (tmp_path / 'sdist').iterdir()
    shutil.unpack_archive(archive, tmp_path / 'unpacked')
    (source,) = (tmp_path / 'unpacked').iterdir()
    environment = Environment(tmp_path)
    environment.install(build_wheel(source, tmp_path / 'wheel'))
    (package, configs), ends = environment.commands(['table 5 --dry-run'])
    assert configs == package.parent / 'configs'
    assert ends[0][0] == 0 and 'runs, about' in ends[0][1]
    assert (package.parent / 'adapt/report.html.j2').is_file()


@pytest.mark.slow
def test_editable_install(sources: Path, tmp_path: Path) -> None:
    """The configs are the clone's: no second copy."""
    environment = Environment(tmp_path)
    environment.install('-e', sources)
    (package, configs), ends = environment.commands(['table 5 --dry-run'])
    assert package.parent == sources / 'mmseg_maxsquare'
    assert configs == sources / 'configs'
    assert ends[0][0] == 0 and 'runs, about' in ends[0][1]


@pytest.mark.slow
def test_full_installation(wheel: Path, tmp_path: Path) -> None:
    """With its dependencies, in a fresh environment: the digits are trained and tested."""
    venv.create(tmp_path / 'venv', with_pip=True)
    python = tmp_path / 'venv/bin/python'
    run(
        python,
        '-m',
        'pip',
        'install',
        '-q',
        '-c',
        REPO / 'constraints.txt',
        f'{wheel}[onedl,digits]',
    )
    command = [tmp_path / 'venv/bin/mmseg-maxsquare']
    options = ['--cfg-options', 'train_cfg.max_iters=20', 'train_cfg.val_interval=20']
    run(*command, 'train', 'source_only/digits_mnist2uci.py', *options, cwd=tmp_path)
    work_dir = tmp_path / 'work_dirs/source_only/digits_mnist2uci'
    run(*command, 'test', 'source_only/digits_mnist2uci.py', work_dir / 'iter_20.pth', cwd=tmp_path)
