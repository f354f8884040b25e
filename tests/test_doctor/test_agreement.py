"""What ends a training, the doctor calls an error; what a training accepts, it does not."""

import pytest

from mmseg_maxsquare.doctor.check import check

from .cases import FAULTS, FORMATS, SOUND
from tests.test_runs.error_cases import CASES, Place
from tests.test_runs.test_errors import end_of, here

__all__ = ['here']  # the fixture
TRAIN = {name: case for name, case in CASES.items() if case.command == 'train CONFIG'}
UNKNOWN = {
    'rate_that_diverges': 'shows in the training only',
    'disk_fills_up': 'shows in the training only',
    'portion_of_no_pixel': 'a round counts the pixels of each class that is predicted',
    'list_of_other_images': 'the metric knows after a validation which images there are',
    'no_source_model': 'a warning: data may be checked before the source model is trained',
    'no_weights': 'a warning: data may be checked before the weights are there',
    'no_initial_weights': 'a warning: data may be checked before the weights are there',
    'amp_in_the_config': 'a warning: the training may run on another machine',
    'no_anchor': 'a warning: data may be checked before the source model is trained',
    'used_work_dir': 'a warning: the run may be resumed',
}
# Training accepts these and learns from wrong labels.
WRONG = ('train_ids_named_label_ids',)
FILES = {name: fault for name, fault in FAULTS.items() if fault[1].__module__.endswith('pixels')}


@pytest.mark.parametrize('name', sorted(set(TRAIN) - set(UNKNOWN)))
def test_what_ends_a_training_is_an_error(name: str, here: Place) -> None:
    TRAIN[name].plant(here)
    out = here.root / 'out'
    out.mkdir()
    findings, _ = check(here.cfg, out)
    assert [f for f in findings if f.level == 'error']


@pytest.mark.slow
@pytest.mark.parametrize('name', FILES)
def test_what_a_training_accepts_is_no_error(name: str, here: Place) -> None:
    """And the other way round: every planted file fault, through a training that reads all."""
    form, plant, level, *_ = FILES[name]
    root = here.root / 'data'
    root.mkdir()
    cfg = FORMATS[form](root)
    plant(root, cfg)
    cfg.merge_from_dict(
        dict(experiment_name=here.root.name, log_level='ERROR', randomness=dict(seed=0))
    )
    message, _ = end_of(here._replace(cfg=cfg), 'train CONFIG')
    assert (message is not None) is (level == 'error' and name not in WRONG), message


@pytest.mark.parametrize('name', SOUND)
def test_what_is_sound_is_no_error(name: str, here: Place) -> None:
    """For the doctor, and for the training."""
    SOUND[name](here)
    out = here.root / 'out'
    out.mkdir()
    assert [f for f in check(here.cfg, out)[0] if f.level == 'error'] == []
    assert end_of(here, 'train CONFIG') == (None, 'step N')


def test_exceptions_exist() -> None:
    assert set(UNKNOWN) <= set(TRAIN)
    assert set(WRONG) <= set(FILES)
