"""Configs of the study of the evidence: the same protocol in every row."""

import pytest
from mmengine.config import Config

from mmseg_maxsquare.analysis.tables import load_table

from tests.helpers import REPO

TASKS = {  # images of the target: all, trained on
    'camvid_dusk': (62, 50, 11),
    'labelmefacade_day': (204, 172, 6),
    'labelmefacade_dusk': (62, 50, 6),
}
LEAVES = sorted(path.stem for path in (REPO / 'configs/evidence').glob('*.py'))


def load(leaf: str) -> Config:
    return Config.fromfile(REPO / f'configs/evidence/{leaf}.py')


def task_of(leaf: str) -> str:
    return max((task for task in TASKS if leaf.startswith(task)), key=len)


@pytest.mark.parametrize('leaf', LEAVES)
def test_every_row_takes_200_steps_from_the_source_model(leaf: str) -> None:
    task, cfg = task_of(leaf), load(leaf)
    rounds, steps = cfg.train_cfg.get('rounds', 1), cfg.train_cfg.get('round_iters', 200)
    assert rounds * steps == 200 and cfg.train_cfg.max_iters == 200
    source = 'camvid_day' if task == 'camvid_dusk' else 'labelmefacade'
    assert cfg.load_from == f'work_dirs/source_only/{source}/iter_500.pth'
    assert cfg.model.decode_head.num_classes == TASKS[task][2]
    assert cfg.model.backbone.pretrained in (None, 'imagenet')
    hooks = [hook.type for hook in cfg.custom_hooks]
    assert 'ImageAreasHook' in hooks


@pytest.mark.parametrize('leaf', [leaf for leaf in LEAVES if not leaf.endswith('_source')])
def test_what_is_looked_at_is_not_trained_on(leaf: str) -> None:
    images, trained, _ = TASKS[task_of(leaf)]
    cfg = load(leaf)
    target = cfg.train_dataloader.dataset.target
    assert target.indices == trained
    guards = [hook for hook in cfg.custom_hooks if hook.type == 'GuardHook']
    for guard in guards:
        assert guard.dataset.indices == -(images - trained)
        assert guard.dataset.drives == target.drives
        assert guard.interval == 50 and guard.oracle
    assert len(guards) == (0 if leaf.endswith(('_strength', '_cbst')) else 1)


@pytest.mark.parametrize('leaf', LEAVES)
def test_scored_images(leaf: str) -> None:
    cfg = load(leaf)
    for loader in (cfg.val_dataloader, cfg.test_dataloader):
        day = task_of(leaf) == 'labelmefacade_day'
        assert loader.dataset.drives == (('0006R0',) if day else ('0001TP',))
        assert loader.dataset.data_prefix.img_path == ('train' if day else 'test')


def test_the_tables_have_the_same_rows() -> None:
    first, *others = (
        [
            (row.name, row.run.options, row.run.config.replace(task, 'TASK'))
            for row in load_table(f'evidence_{task}').rows
        ]
        for task in TASKS
    )
    assert len(first) == 7
    assert others == [first, first]
    names = [row.name for row in load_table('evidence_strength_camvid_dusk').rows]
    assert len(names) == 2 + 9
    assert [row.name for row in load_table('evidence_strength_labelmefacade_dusk').rows] == names
    one, two = (load_table(f'evidence_systems_{task}').rows for task in list(TASKS)[:2])
    one, two = ([row.name for row in rows if 'equal' not in row.name] for rows in (one, two))
    assert one == two


def test_the_losses_are_as_printed_and_differ_in_what_their_names_say() -> None:
    cfg = load('camvid_dusk')
    assert cfg.model.target_loss == dict(type='MaxSquareLoss', class_average=False, loss_weight=0.1)
    options = {row.name: dict(row.run.options) for row in load_table('evidence_camvid_dusk').rows}
    assert options['BN control'] == {'model.target_loss.loss_weight': 0.0}
    assert options['MinEnt'] == {'model.target_loss.type': 'EntropyLoss'}
    assert options['MaxSquare+IW'] == {'model.target_loss.alpha': 0.2}
    multi = load('camvid_dusk_multi').model
    assert multi.target_loss.alpha == 0.2
    assert multi.guidance == dict(threshold=0.95, loss_weight=0.1, normalizer='all_pixels')


def test_strengths() -> None:
    rows = load_table('evidence_strength_camvid_dusk').rows
    factors = {row.name: dict(row.run.options).get('custom_hooks.1.factor', 1.0) for row in rows}
    for loss in ('MinEnt', 'MaxSquare', 'IW'):
        assert [factors[f'{loss}, {s}'] for s in ('s0/3', 's0', '3 s0')] == [0.333, 1.0, 3.0]
    hook = load('camvid_dusk_strength').custom_hooks[1]
    assert hook.reference == load('camvid_dusk').model.target_loss
