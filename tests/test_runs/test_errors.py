"""Bad input ends train and test with the one-line errors of docs/errors.md."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.runner import Runner

from mmseg_maxsquare.cli.main import main

from .error_cases import CASES, Case, Place, make_place
from tests.helpers import REPO

RUNS = 'mmseg_maxsquare.runs'
PAGE = (REPO / 'docs/errors.md').read_text(encoding='utf-8')
# When each message comes up.
ROWS = {
    message: when.split(', ')
    for message, when in re.findall(r'^\| `(.+?)` \| ([\w, ]+) \| .+ \|$', PAGE, re.M)
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A sound run in a folder, and this process made fit for many starts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')  # which the tools leave set
    monkeypatch.setenv('LOCAL_RANK', '0')
    return make_place(tmp_path, monkeypatch)


def write_config(here: Place) -> None:
    lines = (f'{key} = {value!r}\n' for key, value in here.cfg.to_dict().items())
    (here.root / 'config.py').write_text(''.join(lines))


def end_of(here: Place, command: str) -> tuple[str | None, str]:
    """What a command ends with, None for success, and when: before or in its loop."""
    write_config(here)
    when = ['start']
    for name in ('train', 'test'):
        begin = getattr(Runner, name)

        def run(runner: Runner, begin=begin) -> None:
            when.append('step N')
            begin(runner)

        here.patch.setattr(Runner, name, run)
    try:
        main(command.replace('CONFIG', 'config.py').split())
    except SystemExit as end:
        return end.code, when[-1]
    return None, when[-1]


def pattern(message: str) -> str:
    """Regular expression of a message of the page, in which <words> differ."""
    return '.+'.join(re.escape(part) for part in re.split(r'<[^<>]+>', message))


@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_fault_ends_with_the_sentence_of_the_page(case: Case, here: Place) -> None:
    """A SystemExit with a text is the text on stderr and exit code 1."""
    case.plant(here)
    message, when = end_of(here, case.command)
    assert isinstance(message, str), 'it ran'
    lines = message.splitlines()
    assert all(line.startswith('error: ') for line in lines)
    # Before the message there may be the loop in which it came up.
    sentence = re.compile(rf'error: (\w+ loop: )?{pattern(case.message)}')
    assert any(map(sentence.fullmatch, lines)), message
    assert when in ROWS[case.message]


def test_the_page_has_the_messages_of_the_faults() -> None:
    """All, no others, each once."""
    assert sorted(ROWS) == sorted({case.message for case in CASES.values()})
    own_part = PAGE.partition('\n## Adapt and predict\n')[0]
    assert len(ROWS) == own_part.count('\n| `')


def test_several_faults_at_once(here: Place) -> None:
    CASES['head_of_16_classes'].plant(here)
    CASES['subset_of_no_class'].plant(here)
    CASES['key_of_loss'].plant(here)
    message, _ = end_of(here, 'train CONFIG')
    assert [line.split()[1] for line in message.splitlines()] == [
        'model.decode_head.num_classes:',
        'val_evaluator.subsets.mIoU1:',
        'model.decode_head.loss_decode:',
    ]


def test_sound_run_ends_well_and_is_resumed_and_tested(here: Place) -> None:
    """More steps, workers and another place of the data do not make it another run."""
    assert end_of(here, 'train CONFIG') == (None, 'step N')
    (here.root / 'city').rename(here.root / 'moved')
    moved = str(here.root / 'moved')
    for part in (here.cfg.train_dataloader.dataset.target, here.cfg.val_dataloader.dataset):
        part.data_root = moved
    here.cfg.train_dataloader.num_workers = 1
    here.cfg.experiment_name += '_resumed'
    more = 'train_cfg.max_iters=5 val_dataloader.num_workers=0'
    assert end_of(here, f'train CONFIG --resume --cfg-options {more}') == (None, 'step N')
    assert (here.root / 'work/iter_4.pth').is_file()
    here.cfg.test_dataloader.dataset.data_root = moved
    here.cfg.experiment_name += '_tested'
    assert end_of(here, 'test CONFIG work/iter_4.pth') == (None, 'step N')


def test_traceback_in_development_mode(here: Place) -> None:
    CASES['first_image_is_corrupt'].plant(here)
    flags = SimpleNamespace(dev_mode=True)  # the interpreter's own cannot be set
    here.patch.setattr(f'{RUNS}.launch.sys', SimpleNamespace(flags=flags, exit=sys.exit))
    with pytest.raises(ValueError, match=r'00001\.png cannot be read'):
        end_of(here, 'train CONFIG')


def test_other_exceptions_keep_their_traceback(here: Place) -> None:
    def fail(*args) -> None:
        raise ValueError('a bug')

    here.patch.setattr(f'{RUNS}.train.rehearse', lambda *args: [])
    here.patch.setattr('mmseg_maxsquare.models.UDAEncoderDecoder.loss_target', fail)
    with pytest.raises(ValueError, match='a bug'):
        end_of(here, 'train CONFIG')


def test_command_line(here: Place) -> None:
    """A worker's error in a process of its own: exit code and streams."""
    CASES['corrupt_image_in_a_worker'].plant(here)
    write_config(here)
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
    command = [sys.executable, str(REPO / 'tools/train.py'), 'config.py']
    process = subprocess.run(command, env=env, capture_output=True, text=True)
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1].startswith(f'error: image {here.image} cannot be read')
    assert 'Traceback' not in process.stdout + process.stderr
