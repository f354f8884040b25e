"""A run stops, or a step is skipped, when numbers are no longer finite."""

from functools import partial
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from torch import nn

from mmseg_maxsquare.engine import NonFiniteHook

from tests.helpers.tiny_models import build_model, uda_batch, uda_cfg

BAD_STEP = 2  # counted from 0


class Stream(torch.utils.data.Dataset):
    """The same few batches, in the order of their index; one image of one has NaN."""

    def __init__(self, bad: str | None) -> None:
        self.bad = bad

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict:
        batch = uda_batch(index, ((32, 32),), ((32, 32),))
        item = {key: {d: items[0] for d, items in value.items()} for key, value in batch.items()}
        for domain in ('source', 'target'):
            item['data_samples'][domain].set_metainfo(dict(img_path=f'{domain}{index}.png'))
        if index == BAD_STEP and self.bad:
            image = item['inputs'][self.bad].float()
            image[0, 3, 3] = torch.nan
            item['inputs'][self.bad] = image
        return item


def train(
    work_dir: Path, bad: str | None, action: str = 'stop', steps: int = 5,
    model: dict | None = None, **optim,
) -> Runner:  # fmt: skip
    """Train a tiny model; checkpoint every step."""
    model = build_model(model or uda_cfg(), seed=1)
    runner = Runner(
        model=model,
        work_dir=str(work_dir),
        train_dataloader=dict(
            batch_size=1, dataset=Stream(bad), sampler=dict(type='DefaultSampler', shuffle=False)
        ),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=steps),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.01, momentum=0.9), **optim),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=1, by_epoch=False),
            finite=dict(type='NonFiniteHook', action=action),
        ),
        default_scope='mmseg',
        experiment_name=f'{work_dir.name}_{bad}_{action}',
        log_level='WARNING',
        randomness=dict(seed=0),
    )
    runner.train()
    return runner


@pytest.mark.parametrize('bad', ['source', 'target'])
def test_stops_before_anything_is_saved(bad: str, tmp_path: Path) -> None:
    with pytest.raises(FloatingPointError) as error:
        train(tmp_path, bad)
    message = str(error.value)
    assert (
        f'step {BAD_STEP + 1} (source: source{BAD_STEP}.png; target: target{BAD_STEP}.png)'
        in message
    )
    name = 'source.decode.loss_ce' if bad == 'source' else 'target.loss_max_square'
    assert name in message and 'gradient' in message
    assert 'action' in message
    checkpoints = sorted(path.name for path in tmp_path.glob('*.pth'))
    assert checkpoints == ['iter_1.pth', 'iter_2.pth']
    state = torch.load(tmp_path / 'iter_2.pth', weights_only=False)['state_dict']
    assert all(value.isfinite().all() for value in state.values())


def test_skips_the_step_as_if_it_had_not_been(tmp_path: Path) -> None:
    """Equal to a run in which the learning rate of that step is nothing: parameters,
    momentum and batch-norm statistics stay."""
    runner = train(tmp_path / 'bad', 'target', 'skip')
    assert runner.iter == 5
    assert runner.message_hub.get_scalar('train/skipped_steps').current() == 1
    before = torch.load(tmp_path / 'bad/iter_2.pth', weights_only=False)
    after = torch.load(tmp_path / 'bad/iter_3.pth', weights_only=False)
    for key, value in before['state_dict'].items():
        assert torch.equal(value, after['state_dict'][key]), key
    for key, state in before['optimizer']['state'].items():
        buffers = (state['momentum_buffer'], after['optimizer']['state'][key]['momentum_buffer'])
        assert torch.equal(*buffers)
    end = runner.model.state_dict()
    assert all(value.isfinite().all() for value in end.values())
    moved = [k for k, v in before['state_dict'].items() if not torch.equal(v, end[k])]
    assert len(moved) > 10  # it went on learning


def test_skipping_with_gradient_accumulation(tmp_path: Path) -> None:
    """Steps 3 and 4 make one update; all of it is dropped."""
    runner = train(tmp_path, 'source', 'skip', accumulative_counts=2)
    assert runner.message_hub.get_scalar('train/skipped_steps').current() == 1
    assert all(value.isfinite().all() for value in runner.model.state_dict().values())


def test_changes_nothing_when_all_is_well(tmp_path: Path) -> None:
    ends = [
        train(tmp_path / action, None, action).model.state_dict() for action in ('stop', 'skip')
    ]
    assert all(torch.equal(ends[0][key], ends[1][key]) for key in ends[0])


@pytest.mark.parametrize('bad', ['source', 'target'])
def test_skipping_leaves_every_network_alone(bad: str, tmp_path: Path) -> None:
    """Segmentor, discriminators and both optimizers are as if the step had not been."""
    method = dict(type='AdaptSegNet', weights=dict(decode_head=0.1))
    cfg = uda_cfg(target_loss=None, methods=[method])
    optim = dict(
        constructor='MethodOptimWrapperConstructor',
        methods=dict(optimizer=dict(type='Adam', lr=1e-3)),
    )
    train(tmp_path, bad, 'skip', BAD_STEP + 1, cfg, **optim)
    before, after = (
        torch.load(tmp_path / f'iter_{step}.pth', weights_only=False)
        for step in (BAD_STEP, BAD_STEP + 1)
    )
    for key, value in before['state_dict'].items():
        assert torch.equal(value, after['state_dict'][key]), key
    for name in ('segmentor', 'methods'):
        old, new = (c['optimizer'][name]['state'] for c in (before, after))
        assert old and str(old) == str(new)


def test_infinite_gradient_of_a_finite_loss(tmp_path: Path) -> None:
    hook = NonFiniteHook('skip')
    parameter = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    optimizer.register_step_pre_hook(partial(hook._inspect, [optimizer]))
    parameter.grad = torch.tensor([1.0, torch.inf])
    optimizer.step()
    assert hook._skipping and torch.equal(parameter.data, torch.ones(2))


def test_unknown_action() -> None:
    with pytest.raises(ValueError, match=r"action must be one of \('stop', 'skip'\), got 'warn'"):
        NonFiniteHook('warn')
