"""A checkpoint that target labels picked is called what it is."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.evaluator import BaseMetric
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn

from mmseg_maxsquare.engine import OracleCheckpointHook

# By validation, after steps 1, 2, ...
SCORES = dict(mIoU=[10.0, 30.0, 20.0, 25.0], mIoU13=[4.0, 3.0, 9.0, 1.0], loss=[5.0, 4.0, 1.0, 2.0])


class Counter(BaseModel):
    """Its weight is the number of steps that it was trained."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, inputs: list, data_samples: list, mode: str = 'tensor') -> object:
        return dict(loss=-self.weight) if mode == 'loss' else data_samples


class Scripted(BaseMetric):
    """The next of SCORES."""

    def __init__(self, scores: dict) -> None:
        super().__init__()
        self.scores, self.calls = scores, 0

    def process(self, data_batch: object, data_samples: list) -> None:
        self.results.append(None)

    def compute_metrics(self, results: list) -> dict:
        self.calls += 1
        return {name: values[self.calls - 1] for name, values in self.scores.items()}


def run(folder: Path, scores: dict = SCORES, **kwargs) -> dict[str, float]:
    """Train four steps with a validation after each; weight by checkpoint file."""
    loader = dict(
        batch_size=1,
        dataset=[dict(inputs=torch.zeros(1), data_samples=torch.zeros(1))] * 4,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    hook = dict(type='OracleCheckpointHook', by_epoch=False, interval=4, **kwargs)
    runner = Runner(
        model=Counter(),
        work_dir=str(folder),
        train_dataloader=loader,
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=4, val_interval=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        val_dataloader=loader,
        val_cfg=dict(type='ValLoop'),
        val_evaluator=[Scripted(scores)],
        default_hooks=dict(checkpoint=hook),
        default_scope='mmseg',
        experiment_name=f'{folder.parent.name}_{folder.name}',
        randomness=dict(seed=0),
    )
    runner.train()
    return {
        path.name: torch.load(path, weights_only=False)['state_dict']['weight'].item()
        for path in folder.glob('*.pth')
    }


def log_of(folder: Path) -> str:
    """What the runner wrote."""
    return '\n'.join(path.read_text() for path in folder.rglob('*.log'))


def test_best_checkpoint_says_oracle(tmp_path: Path) -> None:
    """Kept beside the last one under its own name, with the weights of its step."""
    assert run(tmp_path / 'best', save_best='mIoU') == {
        'best_oracle_mIoU_iter_2.pth': 2.0,
        'iter_4.pth': 4.0,
    }
    log = log_of(tmp_path / 'best')
    assert 'best checkpoint with 30.0000 oracle_mIoU at 2 iter is saved to best_oracle' in log
    assert 'best checkpoint with 20' not in log


def test_last_checkpoint_stays_the_last(tmp_path: Path) -> None:
    """Resuming and the tables go by this file."""
    run(tmp_path / 'best', save_best='mIoU')
    assert (tmp_path / 'best/last_checkpoint').read_text() == str(tmp_path / 'best/iter_4.pth')


def test_no_best_checkpoint_by_default(tmp_path: Path) -> None:
    assert run(tmp_path / 'plain') == {'iter_4.pth': 4.0}
    assert 'oracle' not in log_of(tmp_path / 'plain').replace('OracleCheckpointHook', '')


def test_two_metrics(tmp_path: Path) -> None:
    """A file for each."""
    assert run(tmp_path / 'both', save_best=['mIoU', 'mIoU13']) == {
        'best_oracle_mIoU_iter_2.pth': 2.0,
        'best_oracle_mIoU13_iter_3.pth': 3.0,
        'iter_4.pth': 4.0,
    }


def test_less_may_be_better(tmp_path: Path) -> None:
    """mmengine's rules know the metric behind the prefix; a rule of the user's holds, too."""
    best = run(tmp_path / 'less', save_best='loss')
    assert best['best_oracle_loss_iter_3.pth'] == 3.0
    best = run(tmp_path / 'rule', save_best='mIoU', rule='less')
    assert best['best_oracle_mIoU_iter_1.pth'] == 1.0


def test_absent_classes_are_never_best(tmp_path: Path) -> None:
    """A subset without any class is NaN."""
    scores = dict(mIoU13=[math.nan, 2.0, math.nan, 1.0])
    assert run(tmp_path / 'nan', scores, save_best='mIoU13') == {
        'best_oracle_mIoU13_iter_2.pth': 2.0,
        'iter_4.pth': 4.0,
    }


def test_metric_of_the_user_is_not_renamed(tmp_path: Path) -> None:
    """Only the checkpoint's score says oracle; the log of the validation does not."""
    run(tmp_path / 'best', save_best='mIoU')
    log = log_of(tmp_path / 'best')
    assert 'mIoU: 30.0000' in log and 'oracle_mIoU: 30' not in log


@pytest.mark.parametrize('name', ['mIoU', 'mIoU16', 'mIoU13', 'aAcc', 'mAcc'])
def test_rule_of_the_metrics(name: str) -> None:
    hook = HOOKS.build(dict(type='OracleCheckpointHook', by_epoch=False, save_best=name))
    assert isinstance(hook, OracleCheckpointHook)
    assert (hook.key_indicators, hook.rules) == ([f'oracle_{name}'], ['greater'])


@pytest.mark.parametrize(
    ('save_best', 'message'),
    [('auto', "name a metric such as 'mIoU'"), (['auto'], 'auto')],
)
def test_auto_is_refused(save_best: object, message: str) -> None:
    """It would take whatever metric comes first."""
    with pytest.raises(ValueError, match=message):
        OracleCheckpointHook(by_epoch=False, save_best=save_best)


def test_metrics_of_a_tuple() -> None:
    """Configs have tuples where lists are meant."""
    hook = OracleCheckpointHook(by_epoch=False, save_best=('mIoU', 'mIoU13'))
    assert hook.key_indicators == ['oracle_mIoU', 'oracle_mIoU13']
