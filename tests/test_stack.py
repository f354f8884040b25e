"""Which installed packages are accepted, and what the refusals say."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from mmengine.logging import print_log

from mmseg_maxsquare import stack

ONEDL = {'onedl-mmengine': '0.10.12', 'onedl-mmcv': '2.3.6', 'onedl-mmsegmentation': '1.4.2'}
OPENMMLAB = {'mmengine': '0.10.7', 'mmcv': '2.1.0', 'mmsegmentation': '1.2.2'}
TYPE_ONEDL = 'pip install "mmseg_maxsquare[onedl]"'
TYPE_OPENMMLAB = 'pip install "mmseg_maxsquare[openmmlab]"'


def pretend(monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> None:
    """Let these packages and no others be installed."""

    def version(package: str) -> str:
        if package not in installed:
            raise PackageNotFoundError(package)
        return installed[package]

    monkeypatch.setattr(stack, 'version', version)


def refusal(monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> str:
    pretend(monkeypatch, installed)
    with pytest.raises(ImportError) as error:
        stack.require_stack()
    return str(error.value)


@pytest.mark.parametrize(
    'installed',
    [
        ONEDL,
        OPENMMLAB,
        {**ONEDL, 'onedl-mmcv': '2.3.10', 'onedl-mmsegmentation': '1.4.11'},
        {**ONEDL, 'onedl-mmengine': '0.10.12.post1'},
        {**OPENMMLAB, 'mmcv': '2.1.0+cpu'},
        {**OPENMMLAB, 'mmcv': '2.1.9'},
    ],
    ids=['onedl', 'openmmlab', 'onedl newer', 'post release', 'local version', 'openmmlab newer'],
)
def test_a_fitting_stack_is_accepted(
    monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]
) -> None:
    pretend(monkeypatch, installed)
    assert stack.check_stack() is True


def test_what_is_installed_here_fits() -> None:
    assert stack.check_stack() is True


def test_nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No error before something needs the stack."""
    pretend(monkeypatch, {})
    assert stack.check_stack() is False
    message = refusal(monkeypatch, {})
    assert 'found none' in message
    assert TYPE_ONEDL in message
    assert TYPE_OPENMMLAB in message


@pytest.mark.parametrize(
    'installed',
    [{**ONEDL, **OPENMMLAB}, {**ONEDL, 'mmengine': '0.10.7'}],
    ids=['completely', 'one package'],
)
def test_both_distributions(monkeypatch: pytest.MonkeyPatch, installed: dict[str, str]) -> None:
    message = refusal(monkeypatch, installed)
    assert 'both OpenMMLab distributions' in message
    for package, version in installed.items():
        assert f'{package} {version}' in message
    assert TYPE_ONEDL in message
    assert TYPE_OPENMMLAB in message
    assert 'fresh virtual environment' in message


@pytest.mark.parametrize(
    'installed, package, version, wanted, command',
    [
        (ONEDL, 'onedl-mmengine', '0.10.9', '>=0.10.12,<0.11', TYPE_ONEDL),
        (ONEDL, 'onedl-mmcv', '2.3.5', '>=2.3.6,<2.4', TYPE_ONEDL),
        (ONEDL, 'onedl-mmcv', '2.4.0', '>=2.3.6,<2.4', TYPE_ONEDL),
        (ONEDL, 'onedl-mmsegmentation', '2.0', '>=1.4.2,<1.5', TYPE_ONEDL),
        (OPENMMLAB, 'mmcv', '2.0.1', '>=2.1.0,<2.2', TYPE_OPENMMLAB),
        (OPENMMLAB, 'mmcv', '2.2.0', '>=2.1.0,<2.2', TYPE_OPENMMLAB),
        (OPENMMLAB, 'mmcv', '2.2', '>=2.1.0,<2.2', TYPE_OPENMMLAB),
        (OPENMMLAB, 'mmcv', '2.2.0rc1', '>=2.1.0,<2.2', TYPE_OPENMMLAB),
        (OPENMMLAB, 'mmsegmentation', '0.30.0', '>=1.2.2,<1.3', TYPE_OPENMMLAB),
    ],
)
def test_one_package_too_old_or_too_new(
    monkeypatch: pytest.MonkeyPatch,
    installed: dict[str, str],
    package: str,
    version: str,
    wanted: str,
    command: str,
) -> None:
    message = refusal(monkeypatch, {**installed, package: version})
    assert f'{package} {version} (needs {wanted})' in message
    assert message.count('needs ') == 1
    assert f'Type: {command}' in message


@pytest.mark.parametrize('stacked', [ONEDL, OPENMMLAB], ids=['onedl', 'openmmlab'])
@pytest.mark.parametrize('missing', [0, 1, 2])
def test_partially_installed(
    monkeypatch: pytest.MonkeyPatch, stacked: dict[str, str], missing: int
) -> None:
    package = list(stacked)[missing]
    message = refusal(monkeypatch, {p: v for p, v in stacked.items() if p != package})
    assert f'{package} missing (needs >={stacked[package]},<' in message
    assert (TYPE_ONEDL if stacked is ONEDL else TYPE_OPENMMLAB) in message


def test_every_wrong_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    message = refusal(monkeypatch, {'mmengine': '0.9.0', 'mmcv': '2.2.0'})
    assert 'mmengine 0.9.0 (needs >=0.10.7,<0.11)' in message
    assert 'mmcv 2.2.0 (needs >=2.1.0,<2.2)' in message
    assert 'mmsegmentation missing (needs >=1.2.2,<1.3)' in message


def test_import_says_nothing() -> None:
    """OneDL's mmseg alone would say that it lacks OneDL's data sets."""
    command = [sys.executable, '-c', 'import mmseg_maxsquare.datasets']
    repo = Path(__file__).resolve().parents[1]
    process = subprocess.run(command, cwd=repo, capture_output=True, text=True, check=True)
    assert process.stdout == ''


def test_only_the_line_on_onedl_is_left_out(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(RuntimeError), stack.without_onedl_line():
        print_log('a warning')
        print_log(stack.ONEDL_LINE)
        raise RuntimeError
    print_log(stack.ONEDL_LINE)
    assert capsys.readouterr().out.splitlines() == ['a warning', stack.ONEDL_LINE]
