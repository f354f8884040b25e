"""What a run shows: results, warnings, one line for each learning rate; not its whole log."""

import logging
from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.runs.console import describe_rates, is_shown

from .error_cases.base import Place, make_place

CONFIG = 'config.py'


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')  # which the command leaves set
    monkeypatch.setenv('LOCAL_RANK', '0')
    place = make_place(tmp_path, monkeypatch)
    place.cfg.log_level = 'INFO'
    rates = dict(
        custom_keys=dict(decode_head=dict(lr_mult=10.0), auxiliary_head=dict(lr_mult=10.0))
    )
    place.cfg.optim_wrapper.paramwise_cfg = rates
    lines = (f'{key} = {value!r}\n' for key, value in place.cfg.to_dict().items())
    (tmp_path / CONFIG).write_text(''.join(lines))
    return place


def test_a_run_is_quiet_and_its_log_is_not(place: Place, capfd: pytest.CaptureFixture) -> None:
    main(['train', CONFIG])
    output = capfd.readouterr().out
    lines = output.splitlines()
    assert lines[0] == f'work dir: {place.root}/work'
    assert lines[1] == 'data: 3 training samples, 2 for validation'
    rates = [line for line in lines if line.startswith('learning rate')]
    assert [rate.split(',')[0] for rate in rates] == ['learning rate 0.1', 'learning rate 1']
    assert 'of backbone' in rates[0] and 'of decode_head, auxiliary_head' in rates[1]
    assert sum('mIoU: ' in line for line in lines) == 1
    assert len(lines) < 32, output  # a table of 19 classes among them
    for words in ('paramwise_options', 'init_weights', 'Iter(train)', 'Config:', 'Warning'):
        assert words not in output
    (log,) = (place.root / 'work').glob('*/*.log')
    text = log.read_text()
    assert 'paramwise_options' in text and 'Config:' in text and 'mIoU' in text


def test_verbose_shows_all(place: Place, capfd: pytest.CaptureFixture) -> None:
    main(['train', CONFIG, '--verbose'])
    output = capfd.readouterr().out
    assert 'paramwise_options' in output and 'Config:' in output
    assert 'learning rate 0.1, weight decay' not in output


def test_two_runs_in_a_process(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own log and scalars, also with one visualizer's name and in one second."""
    monkeypatch.setattr('time.strftime', lambda *_: '20260102_030405')
    with (place.root / CONFIG).open('a') as stream:
        stream.write("visualizer = dict(type='SegLocalVisualizer', name='visualizer', ")
        stream.write("vis_backends=[dict(type='LocalVisBackend')])\n")
    for name in ('first', 'second'):
        main(['train', CONFIG, '--work-dir', name])
    for name in ('first', 'second'):
        (scalars,) = (place.root / name).glob('*/vis_data/scalars.json')
        assert scalars.read_text().count('mIoU') == 1
        (log,) = (place.root / name).glob('*/*.log')
        assert log.read_text().count('System environment') == 1


@pytest.mark.parametrize(('is_first', 'files'), [(True, 1), (False, 0)])
def test_only_the_first_process_writes_scores(
    is_first: bool, files: int, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr('mmseg_maxsquare.runs.console.is_main_process', lambda: is_first)
    main(['train', CONFIG])
    main(['test', CONFIG, 'work/iter_2.pth', '--work-dir', 'tested'])
    assert len(list((place.root / 'tested').glob('*/*.json'))) == files


def test_describe_rates() -> None:
    """Groups of one rate and decay are one line, in the order of their first parameter."""
    model = nn.ModuleDict(dict(a=nn.Linear(2, 2), b=nn.Linear(2, 2), c=nn.Linear(2, 2)))
    groups = [
        dict(params=[model.a.weight], lr=0.1),
        dict(params=[model.a.bias], lr=0.1, weight_decay=0.0),
        dict(params=list(model.b.parameters()), lr=1.0),
        dict(params=list(model.c.parameters()), lr=0.1),
    ]
    wrapper = OptimWrapper(torch.optim.SGD(groups, lr=0.1, weight_decay=0.01))
    assert describe_rates(wrapper, model) == [
        'learning rate 0.1, weight decay 0.01: 3 tensors of a, c',
        'learning rate 0.1, weight decay 0: 1 tensors of a',
        'learning rate 1, weight decay 0.01: 2 tensors of b',
    ]


@pytest.mark.parametrize(
    ('level', 'message', 'shown'),
    [
        (logging.INFO, 'a detail', False),
        (logging.WARNING, 'the target collapses', True),
        (logging.WARNING, 'The prefix is not set in metric class X.', False),
        (logging.WARNING, 'a.weight is skipped since its requires_grad=False', False),
        (logging.INFO, '\n+------+-----+', True),
        (logging.ERROR, 'broken', True),
    ],
)
def test_which_records_are_shown(level: int, message: str, shown: bool) -> None:
    record = logging.LogRecord('x', level, 'module.py', 1, message, None, None)
    assert is_shown(record) is shown
