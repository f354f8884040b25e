"""A target loss at the strength of another one."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.engine import MatchedStrengthHook
from mmseg_maxsquare.engine.strength import strength

from tests.helpers.tiny_models import build_model, plain_batch, uda_cfg

REFERENCE = dict(type='MaxSquareLoss', class_average=False, loss_weight=0.1)
ENTROPY = dict(type='EntropyLoss', class_average=False, loss_weight=0.7)


class Images:
    """Two images of each domain for a position, as of a UDADataset."""

    domains = ('source', 'target')

    def __getitem__(self, position: int) -> dict:
        torch.manual_seed(position)
        size = (16, 24)
        parts = dict(source=plain_batch((size,)), target=plain_batch((size,), labels=False))
        keys = ('inputs', 'data_samples')
        return {key: {name: part[key][0] for name, part in parts.items()} for key in keys}


def runner_of(work_dir: Path, steps_done: int = 0, **loss: object) -> SimpleNamespace:
    torch.manual_seed(0)
    model = build_model(uda_cfg(target_loss=dict(ENTROPY, **loss)))
    loader = SimpleNamespace(dataset=Images(), batch_sampler=SimpleNamespace(batch_size=2))
    return SimpleNamespace(
        model=model.train(), iter=steps_done, work_dir=str(work_dir), train_dataloader=loader
    )


def hook_of(**kwargs: object) -> MatchedStrengthHook:
    return MatchedStrengthHook(REFERENCE, batches=3, **kwargs)


@pytest.mark.parametrize('factor', [1.0, 3.0])
def test_the_strength_is_the_references(factor: float, tmp_path: Path) -> None:
    """Measured on its own: as strong as a model that is built with the reference loss."""
    runner, hook = runner_of(tmp_path), hook_of(factor=factor)
    hook.before_train(runner)
    batches = list(hook._batches(runner))
    assert len(batches) == 3 and len(batches[0]['inputs']['source']) == 2
    torch.manual_seed(0)
    other = build_model(uda_cfg(target_loss=REFERENCE)).train()
    aim = strength(other, batches, 3)['decode_head']
    found = strength(runner.model, batches, 3)['decode_head']
    assert found == pytest.approx(factor * aim, rel=1e-5)
    written = json.loads((tmp_path / 'strength.json').read_text())
    assert written['weight'] == runner.model.target_loss.loss_weight != 0.7
    assert written['reference'] == pytest.approx(aim, rel=1e-5)


def test_a_weight_of_its_own_does_not_matter(tmp_path: Path) -> None:
    weights = []
    for weight in (0.7, 0.01):
        runner = runner_of(tmp_path, loss_weight=weight)
        hook_of().before_train(runner)
        weights.append(runner.model.target_loss.loss_weight)
    assert weights[0] == pytest.approx(weights[1], rel=1e-5)


def test_a_resumed_run_takes_the_weight_of_its_file(tmp_path: Path) -> None:
    (tmp_path / 'strength.json').write_text('{"weight": 0.123}')
    runner = runner_of(tmp_path, steps_done=5)
    hook_of().before_train(runner)
    assert runner.model.target_loss.loss_weight == 0.123


def test_a_resumed_run_without_its_file_is_refused(tmp_path: Path) -> None:
    """The adapted model would give another weight."""
    with pytest.raises(BadFileError, match=r'strength\.json: missing; a run that goes on needs'):
        hook_of().before_train(runner_of(tmp_path, steps_done=5))


def test_the_strength_at_the_end_is_added(tmp_path: Path) -> None:
    runner, hook = runner_of(tmp_path), hook_of()
    hook.before_train(runner)
    hook.after_train(runner)
    written = json.loads((tmp_path / 'strength.json').read_text())
    assert written['at_end'] == pytest.approx(written['reference'], rel=1e-5)  # no step was made


def test_the_model_is_as_before(tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    loss = runner.model.target_loss
    hook_of().before_train(runner)
    assert runner.model.target_loss is loss and runner.model.training
    after = runner.model.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items() if 'num_batches' not in k)


@pytest.mark.parametrize('kwargs', [dict(factor=0.0), dict(batches=0)])
def test_wrong_numbers(kwargs: dict) -> None:
    with pytest.raises(ValueError, match='factor and batches must be above 0'):
        MatchedStrengthHook(REFERENCE, **kwargs)


def test_what_it_needs(tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    runner.train_dataloader.dataset.domains = ('target',)
    with pytest.raises(ValueError, match='needs model.target_loss and a UDADataset with a source'):
        hook_of().before_train(runner)
    with pytest.raises(ValueError, match='loss_weight: must be above 0 to be matched'):
        hook_of().before_train(runner_of(tmp_path, loss_weight=0.0))
