"""What ends a training, the doctor calls an error; what a training accepts, it does not."""

import sys
from pathlib import Path

import pytest

from mmseg_maxsquare.doctor.check import check

from tests.test_runs.error_cases import CASES
from tests.test_runs.test_errors import Place, end_of, here, write_config  # noqa: F401

from .cases import FAULTS, FORMATS

TRAIN = {name: case for name, case in CASES.items() if case.command == 'train CONFIG'}


@pytest.mark.parametrize('name', TRAIN)
def test_a(name: str, here: Place) -> None:
    TRAIN[name].plant(here)
    out = here.root / 'out'
    out.mkdir()
    findings, _ = check(here.cfg, out)
    assert [f for f in findings if f.level == 'error']


@pytest.mark.parametrize('name', FAULTS)
def test_b(name: str, here: Place, monkeypatch) -> None:
    form, plant, level, *_ = FAULTS[name]
    root = here.root / 'b'
    root.mkdir()
    cfg = FORMATS[form](root)
    plant(root, cfg)
    cfg.experiment_name = root.parent.name
    cfg.log_level = 'ERROR'
    cfg.randomness = dict(seed=0)
    here = here._replace(cfg=cfg)
    message, when = end_of(here, 'train CONFIG')
    assert (message is not None) is (level == 'error'), f'{level}: {message}'
