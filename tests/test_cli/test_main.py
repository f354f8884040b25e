"""The command line: help without PyTorch, and what is mistyped."""

import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mmseg_maxsquare.cli.adapt import choose_device
from mmseg_maxsquare.cli.main import COMMANDS, build_parser, main

from tests.helpers import REPO

HEAVY = ('torch', 'mmengine', 'mmseg', 'mmcv', 'numpy', 'cv2', 'matplotlib')
HELP = """
import sys
from mmseg_maxsquare.cli.main import main
try:
    main(sys.argv[1:])
finally:
    loaded = [name for name in {heavy} if name in sys.modules]
    print('loaded:', loaded)
"""


def python(*arguments: str, cwd: Path = REPO) -> subprocess.CompletedProcess:
    env = {**os.environ, 'PYTHONPATH': str(REPO)}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=env, capture_output=True, text=True
    )


@pytest.mark.parametrize('command', ['', *COMMANDS, 'figure 2', 'figure 5'])
def test_help_imports_nothing_heavy(command: str) -> None:
    process = python('-c', HELP.format(heavy=HEAVY), *command.split(), '--help')
    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith('usage: mmseg-maxsquare')
    assert process.stdout.endswith('loaded: []\n')


def test_help_is_quick() -> None:
    """The best of three: other tests run beside."""
    times = []
    for _ in range(3):
        begin = time.perf_counter()
        python('-m', 'mmseg_maxsquare', 'train', '--help')
        times.append(time.perf_counter() - begin)
    assert min(times) < 1.0


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ('trian maxsquare/gta2cs.py', 'error: no command trian; the nearest: train'),
        ('gradient_share', 'error: no command gradient_share; the nearest: gradient-share'),
        ('xyz', 'error: no command xyz; the nearest: train, test, adapt'),
        ('configs gta2sc', "error: no shipped config has 'gta2sc' in its name; the nearest: "),
        ('configs --copy maxsquare/gta2sc.py x', 'error: no file maxsquare/gta2sc.py and no'),
        ('demo --formats gta5', 'error: --formats chooses what is drawn into --world'),
        ('demo --world w --out x', 'error: --out is the folder of runs'),
    ],
)
def test_mistakes_are_one_line(words: str, message: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert str(end.value).startswith(message)
    assert '\n' not in str(end.value)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (
            'study evidence --seeds 0 -1',
            '--seeds: must be a whole number from 0 to 4294967295, got',
        ),
        ('table camvid_day2dusk --seeds x', '--seeds: must be a whole number from 0 to 4294967295'),
        ('figure 5 digits_mnist2uci --seeds 4294967296', '--seeds: must be a whole number from 0'),
        ('demo --seed -1', '--seed: must be a whole number from 0 to 4294967295, got -1'),
        ('study evidence --workers 0', '--workers: must be a whole number of at least 1, got 0'),
        (
            'check maxsquare/gta2cs.py --workers -1',
            '--workers: must be a whole number of at least 0',
        ),
        ('study evidence --step-seconds -1', '--step-seconds: must be above 0 and finite, got -1'),
        (
            'study evidence --step-seconds nan',
            '--step-seconds: must be above 0 and finite, got nan',
        ),
    ],
)
def test_numbers_out_of_range(words: str, message: str, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit, match='2'):
        main(words.split())
    assert f'error: argument {message}' in capsys.readouterr().err.splitlines()[-1]


def test_no_command_prints_the_help(capsys: pytest.CaptureFixture) -> None:
    main([])
    output = capsys.readouterr().out
    assert output == build_parser().format_help()
    assert all(f'    {name}' in output for name in COMMANDS)


@pytest.mark.parametrize('script', ['train', 'test'])
def test_scripts_of_the_clone_are_the_command(script: str, tmp_path: Path) -> None:
    arguments = ['nowhere.py', 'x.pth' if script == 'test' else '--resume']
    process = python(str(REPO / f'tools/{script}.py'), *arguments, cwd=tmp_path)
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith('error: config: no file nowhere.py')


def test_without_a_stack_the_command_says_what_to_type(tmp_path: Path) -> None:
    """No package of the stack has metadata: the listing works, the others say what is missing."""
    code = (
        'import importlib.metadata as m, sys\n'
        'def version(name): raise m.PackageNotFoundError(name)\n'
        'm.version = version\n'
        'from mmseg_maxsquare.cli.main import main\n'
        'main(sys.argv[1:])\n'
    )
    process = python('-c', code, 'configs', 'gta2cs')
    assert process.returncode == 0 and 'maxsquare/gta2cs.py' in process.stdout
    process = python('-c', code, 'train', 'maxsquare/gta2cs.py')
    assert process.returncode == 1
    (line,) = process.stderr.splitlines()
    assert line.startswith('error: mmseg_maxsquare needs MMSegmentation')
    assert 'pip install "mmseg_maxsquare[onedl]"' in line


@pytest.mark.parametrize(
    ('name', 'visible', 'expected'),
    [
        (None, '0,1', '0,1'),
        ('cuda', '3', '3'),
        ('cpu', '0,1', '-1'),
        ('cuda:1', None, '1'),
        ('cuda:1', '4,6', '6'),
        ('cuda:5', '4,6', '5'),
    ],
)
def test_device_of_adapt(
    name: str | None, visible: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The GPUs that are left visible; one that is not there fails later, on its use."""
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', visible or '')
    choose_device(name)
    assert os.environ['CUDA_VISIBLE_DEVICES'] == expected


def test_a_reader_that_has_enough() -> None:
    """``configs | head -1`` ends without a traceback."""
    command = f'{shlex.quote(sys.executable)} -u -m mmseg_maxsquare configs | head -1'
    end = subprocess.run(['bash', '-c', command], cwd=REPO, capture_output=True, text=True)
    assert end.stdout.count('\n') == 1
    assert end.stderr == ''


@pytest.mark.parametrize(
    ('command', 'words'),
    [
        ('train', 'stopped; the same command with --resume goes on'),
        ('study', 'stopped; the same command goes on'),
        ('check', 'stopped'),
    ],
)
def test_ctrl_c(
    command: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    """One line and the exit code of a shell, wherever the command is."""

    def interrupt(args: argparse.Namespace) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(COMMANDS[command], 'run', interrupt)
    with pytest.raises(SystemExit) as stop:
        main([command, 'maxsquare/gta2cs.py'] if command != 'study' else [command, 'evidence'])
    assert stop.value.code == 130
    assert capsys.readouterr().err == f'\n{words}\n'
