"""A resumed run has the schedules of its config: those of a run that had them from the start."""

from pathlib import Path

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch import nn
from torch.utils.data import Dataset

from mmseg_maxsquare.engine.schedules import ScheduleHook

SHORT, LONG = 5, 12
SGD, ADAM = dict(type='SGD', lr=0.5, momentum=0.9), dict(type='Adam', lr=0.5)


class Numbers(Dataset):
    """Items without content."""

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> torch.Tensor:
        return torch.zeros(1)


class Constant(BaseModel):
    """A model with a loss and two groups of parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.zeros(())), nn.Parameter(torch.zeros(()))

    def forward(self, data: object, mode: str = 'tensor') -> dict:
        return dict(loss=self.weight + self.bias)


class Rates(Hook):
    """Remembers the settings of all groups in every step."""

    def __init__(self) -> None:
        self.seen: list[list[tuple]] = []

    def before_train_iter(self, runner: Runner, *args: object, **kwargs: object) -> None:
        groups = runner.optim_wrapper.optimizer.param_groups
        self.seen.append([(g['lr'], g.get('momentum'), g.get('betas')) for g in groups])


def poly(length: int, **fields: object) -> dict:
    return dict(type='PolyLR', power=0.9, end=length + 1, by_epoch=False, **fields)


def schedules(name: str, length: int) -> list[dict]:
    """A schedule that depends on the length of the run."""
    last = dict(end=length, by_epoch=False)
    return {
        'poly': [poly(length)],
        'poly without end': [dict(type='PolyLR', by_epoch=False)],
        'warm-up, then poly': [
            dict(type='LinearLR', start_factor=0.1, end=3, by_epoch=False),
            poly(length, begin=3),
        ],
        'chained': [
            dict(type='StepLR', step_size=length // 4, gamma=0.5, by_epoch=False),
            dict(type='ExponentialLR', gamma=0.9, **last),
        ],
        'cosine': [dict(type='CosineAnnealingLR', T_max=length, **last)],
        'restart': [
            dict(
                type='CosineRestartLR',
                periods=[length // 2] * 2,
                restart_weights=[1, 0.5],
                eta_min=0.0,
                by_epoch=False,
            )
        ],
        'steps': [dict(type='MultiStepLR', milestones=[2, length // 2], by_epoch=False)],
        'constant': [dict(type='ConstantLR', factor=0.3, **last)],
        'one cycle': [dict(type='OneCycleLR', eta_max=1.0, total_steps=length + 1, by_epoch=False)],
        'momentum': [
            poly(length),
            dict(type='CosineAnnealingMomentum', T_max=length, eta_min=0.5, **last),
        ],
        'another number of schedules': [poly(length)] * (1 + length // LONG),
        'ours': [dict(type='InverseDecayLR', **last)],
    }[name]


LOOPS = ('ResumableTrainLoop', 'IterBasedTrainLoop', 'EpochBasedTrainLoop')
NAMES = (
    'poly', 'poly without end', 'warm-up, then poly', 'chained', 'cosine', 'restart', 'steps',
    'constant', 'one cycle', 'momentum', 'another number of schedules', 'ours',
)  # fmt: skip


def train(
    folder: Path, name: str, schedule: list[dict] | None, steps: int, optimizer: dict, loop: str
) -> tuple[list, Runner]:
    """Settings in every step of a run, resumed if the folder holds one."""
    rates = Rates()
    epochs = loop == 'EpochBasedTrainLoop'
    length = dict(max_epochs=steps) if epochs else dict(max_iters=steps)
    if epochs:
        schedule = [{**s, 'by_epoch': True} for s in schedule]
    resumed = (folder / 'last_checkpoint').is_file()
    runner = Runner(
        model=Constant(),
        work_dir=str(folder),
        train_dataloader=dict(
            batch_size=1,
            num_workers=0,
            dataset=Numbers(),
            sampler=dict(type='DefaultSampler' if epochs else 'InfiniteSampler'),
        ),
        train_cfg=dict(type=loop, **length),
        optim_wrapper=dict(
            optimizer=optimizer,
            paramwise_cfg=dict(custom_keys=dict(bias=dict(lr_mult=10.0))),
        ),
        param_scheduler=schedule,
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', by_epoch=epochs, interval=1)),
        custom_hooks=[rates, ScheduleHook()],
        resume=resumed,
        default_scope='mmseg',
        randomness=dict(seed=0),
        log_level='ERROR',
        experiment_name=f'{folder.parent.name}_{folder.name}_{name}_{steps}',
        cfg=dict(
            optim_wrapper=dict(
                optimizer=optimizer,
                paramwise_cfg=dict(custom_keys=dict(bias=dict(lr_mult=10.0))),
            ),
            param_scheduler=schedule,
        ),
    )
    runner.train()
    return rates.seen, runner


@pytest.mark.parametrize(
    'loop', ['ResumableTrainLoop', 'IterBasedTrainLoop', 'EpochBasedTrainLoop']
)
@pytest.mark.parametrize('name', NAMES)
def test_a_longer_run_has_the_longer_schedule(name: str, loop: str, tmp_path: Path) -> None:
    long = schedules(name, LONG)
    train(tmp_path / 'run', name, schedules(name, SHORT), SHORT, SGD, loop)
    resumed, _ = train(tmp_path / 'run', name, long, LONG, SGD, loop)
    whole, _ = train(tmp_path / 'whole', name, long, LONG, SGD, loop)
    assert resumed == whole[-len(resumed) :]
    assert len(whole) - len(resumed) == SHORT * (3 if loop == 'EpochBasedTrainLoop' else 1)
    assert any(rate > 0 for rate, *_ in resumed[0])


def test_betas_of_adam(tmp_path: Path) -> None:
    def run(folder: str, length: int) -> list:
        plan = schedules('momentum', length)
        return train(tmp_path / folder, 'adam', plan, length, ADAM, 'ResumableTrainLoop')[0]

    run('run', SHORT)
    resumed, whole = run('run', LONG), run('whole', LONG)
    assert resumed == whole[SHORT:]
    assert len({betas for step in whole for *_, betas in step}) == LONG


def test_unchanged_schedules_stay_as_they_are(tmp_path: Path) -> None:
    """To the bit, with a value that someone has set by hand in between."""
    plan = schedules('poly', LONG)
    train(tmp_path, 'first', plan, SHORT, SGD, 'ResumableTrainLoop')
    path = tmp_path / f'iter_{SHORT}.pth'
    checkpoint = torch.load(path, weights_only=False)
    checkpoint['optimizer']['param_groups'][0]['lr'] = 0.125
    torch.save(checkpoint, path)
    resumed, _ = train(tmp_path, 'second', plan, SHORT + 1, SGD, 'ResumableTrainLoop')
    assert resumed[0][0][0] == 0.125


@pytest.mark.parametrize('nothing', [None, []])
@pytest.mark.parametrize('name', ['poly', 'momentum'])
def test_without_a_schedule_the_rate_is_that_of_the_config(
    name: str, nothing: list | None, tmp_path: Path
) -> None:
    def resume(lr: float, steps: int) -> list:
        optimizer = dict(SGD, lr=lr)
        return train(tmp_path, f'{steps}', nothing, steps, optimizer, 'ResumableTrainLoop')[0]

    train(tmp_path, 'first', schedules(name, SHORT), SHORT, SGD, 'ResumableTrainLoop')
    assert resume(0.25, 8) == [[(0.25, 0.9, None), (2.5, 0.9, None)]] * (8 - SHORT)
    assert resume(0.25, 9) == [[(0.25, 0.9, None), (2.5, 0.9, None)]]


def test_a_schedule_by_scores_is_refused(tmp_path: Path) -> None:
    def plan(factor: float) -> list[dict]:
        return [dict(type='ReduceOnPlateauLR', monitor='loss', factor=factor)]

    train(tmp_path, 'first', plan(0.5), SHORT, SGD, 'ResumableTrainLoop')
    train(tmp_path, 'same', plan(0.5), SHORT, SGD, 'ResumableTrainLoop')
    with pytest.raises(ValueError, match='ReduceOnPlateauLR depends on the scores so far'):
        train(tmp_path, 'other', plan(0.25), SHORT + 1, SGD, 'ResumableTrainLoop')
