"""make's errors before anything is installed are sentences."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.helpers import REPO


def install(**variables: object) -> subprocess.CompletedProcess:
    """Run ``make install`` with variables."""
    settings = [f'{name}={value}' for name, value in variables.items()]
    env = {key: value for key, value in os.environ.items() if not key.startswith('MAKE')}
    command = ['make', 'install', *settings]
    return subprocess.run(command, cwd=REPO, env=env, capture_output=True, text=True)


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """An interpreter that says it is 3.10."""
    path = tmp_path / 'python3.10'
    path.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.10.4 && exit 0\nexit 1\n')
    path.chmod(0o755)
    return path


def test_old_python(old_python: Path, tmp_path: Path) -> None:
    result = install(PYTHON=old_python, VENV=tmp_path / 'venv')
    assert result.returncode != 0
    assert 'error: Python 3.10.4 is too old; Python 3.11, 3.12 or 3.13 is needed' in result.stderr
    assert not (tmp_path / 'venv').exists()


def test_no_python(tmp_path: Path) -> None:
    result = install(PYTHON=tmp_path / 'nothing', VENV=tmp_path / 'venv')
    assert result.returncode != 0
    assert f"error: no interpreter '{tmp_path}/nothing'" in result.stderr


def test_unknown_stack(tmp_path: Path) -> None:
    result = install(STACK='mmlab', VENV=tmp_path / 'venv')
    assert result.returncode != 0
    assert "error: STACK must be onedl or openmmlab, got 'mmlab'" in result.stderr


def test_environment_of_the_other_stack(tmp_path: Path) -> None:
    (tmp_path / '.installed').write_text('openmmlab 1 2\n')
    result = install(STACK='onedl', VENV=tmp_path)
    assert result.returncode != 0
    assert f'error: {tmp_path} holds the other distribution' in result.stderr
