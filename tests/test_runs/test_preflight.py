"""The checks before a start let pass what is meant; what they stop is in test_errors.py."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from mmengine.config import Config

from mmseg_maxsquare.runs.earlier_run import differences
from mmseg_maxsquare.runs.fit import misfit
from mmseg_maxsquare.runs.preflight import check_fields

from tests.helpers.tiny_models import build_model, head_cfg, low_head_cfg, plain_cfg, uda_cfg

LEVELS = [low_head_cfg(), low_head_cfg(channels=4)]


def of_old_pytorch(state: dict) -> dict:
    return {key: value for key, value in state.items() if 'num_batches' not in key}


def of_mmengine(state: dict) -> dict:
    return dict(state_dict=state, meta=dict(iter=1))


def of_one_wrapped(state: dict) -> dict:
    return {f'module.{key}': value for key, value in state.items()}


@pytest.mark.parametrize('form', [dict, of_mmengine, of_old_pytorch, of_one_wrapped])
def test_every_form_of_a_checkpoint(form: Callable[[dict], dict], tmp_path: Path) -> None:
    torch.save(form(build_model(plain_cfg()).state_dict()), tmp_path / 'a.pth')
    assert misfit(str(tmp_path / 'a.pth'), build_model(uda_cfg())) is None


@pytest.mark.parametrize(
    ('saved', 'wanted', 'fits'),
    [
        (plain_cfg(auxiliary_head=low_head_cfg()), uda_cfg(), True),
        (plain_cfg(auxiliary_head=LEVELS), plain_cfg(), True),
        (plain_cfg(), uda_cfg(auxiliary_head=low_head_cfg()), False),
        (plain_cfg(auxiliary_head=low_head_cfg()), plain_cfg(auxiliary_head=LEVELS), False),
        (plain_cfg(), plain_cfg(decode_head=head_cfg(num_convs=2)), False),
        (plain_cfg(decode_head=head_cfg(num_convs=2)), plain_cfg(), False),
    ],
)
def test_a_checkpoint_has_all_levels_of_the_model(
    saved: dict, wanted: dict, fits: bool, tmp_path: Path
) -> None:
    """A level more is fine, other layers more are not."""
    torch.save(build_model(saved).state_dict(), tmp_path / 'a.pth')
    assert (misfit(str(tmp_path / 'a.pth'), build_model(wanted)) is None) is fits


@pytest.mark.parametrize(
    ('best', 'message'),
    [
        ('few', None),
        ('IoU.road', None),
        (['mIoU', 'many'], 'no metric many; available: aAcc, mIoU, mAcc, few'),
    ],
)
def test_the_best_by_a_metric_that_there_is(best: object, message: str | None) -> None:
    fields = dict(
        default_scope='mmseg',
        val_evaluator=dict(type='SubsetIoUMetric', subsets=dict(few=['road'])),
        default_hooks=dict(checkpoint=dict(type='OracleCheckpointHook', save_best=best)),
    )
    found = [f for f in check_fields(Config(fields), ('val',)) if 'save_best' in f.where]
    assert [f.what for f in found] == ([message] if message else [])


def run_cfg(**fields) -> Config:
    """A config as a runner gets it from the tools."""
    cfg = Config(
        dict(
            model=uda_cfg(guidance=dict(threshold=0.9)),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1, betas=(0.9, 0.99))),
            train_dataloader=dict(num_workers=4, batch_size=1, dataset=dict(data_root='/a')),
            custom_hooks=[dict(type='UDAHook', interval=50, warmup_iters=0)],
            train_cfg=dict(max_iters=10),
            run=dict(config='maxsquare/a.py', options={}),
        )
    )
    cfg.merge_from_dict(fields)
    return cfg


@pytest.mark.parametrize(
    'changes',
    [
        {},
        {'train_cfg.max_iters': 20, 'param_scheduler': [dict(end=20)]},
        {'train_dataloader.num_workers': 0, 'train_dataloader.dataset.data_root': '/b'},
        {'custom_hooks.0.interval': 1, 'val_evaluator': dict(type='IoUMetric')},
        {'run.config': '/elsewhere/a.py', 'load_from': 'iter_5.pth', 'resume': True},
        {'run.options': {'train_cfg.max_iters': 20}},
        {'model.backbone.init_cfg': dict(type='Pretrained', checkpoint='https://x.org/a.pth')},
    ],
    ids=str,
)
def test_what_may_differ_when_a_run_goes_on(changes: dict) -> None:
    assert differences(run_cfg(**changes), run_cfg().pretty_text) == []


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'run.config': 'maxsquare/b.py'}, 'config: maxsquare/a.py in the checkpoint, maxs'),
        ({'model.target_loss.loss_weight': 0.1}, 'model.target_loss.loss_weight: 0.5 in the c'),
        ({'model.guidance': None}, "model.guidance: {'threshold': 0.9} in the checkpoint, not s"),
        ({'optim_wrapper.optimizer.lr': 0.2}, 'optim_wrapper.optimizer.lr: 0.1 in the'),
        ({'train_dataloader.batch_size': 2}, 'train_dataloader.batch_size: 1 in the checkpoi'),
        ({'custom_hooks.0.warmup_iters': 5}, 'custom_hooks.0.warmup_iters: 0 in the checkp'),
    ],
    ids=str,
)
def test_what_makes_another_run(changes: dict, message: str) -> None:
    (found,) = differences(run_cfg(**changes), run_cfg().pretty_text)
    assert found.startswith(message)


@pytest.mark.parametrize('text', ['', 'model = (', 'import os', 'model = open("x", "w")'])
def test_text_that_tells_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is never run."""
    monkeypatch.chdir(tmp_path)
    assert differences(run_cfg(), text) == []
    assert not list(tmp_path.iterdir())
