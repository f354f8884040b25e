"""The command lines, on tiny files in the real formats."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mmseg
import pytest
import torch

from tests.helpers import REPO
from tests.helpers.tiny_data import make_cityscapes, make_gta5

SIZE = (64, 128)
# Images shrunk, few steps, one process; nothing else.
SHRINK = [
    'model.backbone.pretrained=None',
    'train_cfg.val_interval=2',
    'param_scheduler.0.end=5',
    'default_hooks.checkpoint.interval=1',
    'default_hooks.checkpoint.max_keep_ckpts=5',
    'default_hooks.logger.interval=1',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
    'test_dataloader.num_workers=0',
    'test_dataloader.persistent_workers=False',
    'val_dataloader.dataset.pipeline.1.scale=(64,32)',
    'test_dataloader.dataset.pipeline.1.scale=(64,32)',
]
SHRINK_SOURCE = ['train_dataloader.dataset.pipeline.2.scale=(64,32)']
SHRINK_PAIR = [
    'train_dataloader.dataset.source.pipeline.2.scale=(64,32)',
    'train_dataloader.dataset.target.pipeline.1.scale=(64,32)',
]
FEW = [
    'custom_hooks.0.interval=1',
    'custom_hooks.0.panel_interval=2',
]


def run(*command: object, data: Path, cwd: Path = REPO, ok: bool = True) -> str:
    """Output of a Python command in the repository; its exit code must fit."""
    env = {
        **os.environ,
        'MMSEG_MAXSQUARE_DATA': str(data),
        'PYTHONPATH': f'{REPO}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
        'OMP_NUM_THREADS': '1',
    }
    process = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env=env, capture_output=True, text=True
    )
    output = process.stdout + process.stderr
    assert (process.returncode == 0) is ok, output[-6000:]
    return output


def records(work_dir: Path) -> list[dict]:
    """All that a work dir's runs logged, oldest first."""
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def miou(work_dir: Path) -> float:
    """Result of the last test run in a work dir."""
    files = sorted(path for path in work_dir.glob('*/*.json') if path.stem == path.parent.name)
    return json.loads(files[-1].read_text())['mIoU']


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data')
    make_gta5(root / 'gta5', size=SIZE)
    make_cityscapes(root / 'cityscapes', size=SIZE)
    return root


@pytest.fixture(scope='module')
def source(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps of source_only/gta.py."""
    work_dir = tmp_path_factory.mktemp('source')
    options = [*SHRINK, *SHRINK_SOURCE, 'train_cfg.max_iters=2']
    train = ['tools/train.py', 'configs/source_only/gta.py', '--work-dir', work_dir]
    run(*train, '--cfg-options', *options, data=data)
    return work_dir / 'iter_2.pth'


@pytest.fixture(scope='module')
def adapted(data: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two steps of the flagship config, then stopped and resumed for two more."""
    work_dir = tmp_path_factory.mktemp('adapted')
    train = ['tools/train.py', 'configs/maxsquare/gta2cs_iw_multi.py', '--work-dir', work_dir]
    options = [*SHRINK, *SHRINK_PAIR, *FEW, f'load_from={source}']
    run(*train, '--cfg-options', *options, 'train_cfg.max_iters=2', data=data)
    output = run(*train, '--resume', '--cfg-options', *options, 'train_cfg.max_iters=4', data=data)
    assert 'resumed epoch: 0, iter: 2' in output
    return work_dir


def test_training_logs_both_domains(adapted: Path) -> None:
    steps = {r['step']: r for r in records(adapted) if 'source.decode.loss_ce' in r}
    assert sorted(steps) == [1, 2, 3, 4]
    for record in steps.values():
        parts = [v for k, v in record.items() if 'loss' in k and k != 'loss']
        assert record['loss'] == pytest.approx(sum(parts), abs=1e-4)
        assert record['target.loss_max_square'] < 0
        assert 0 <= record['target.guided_share'] <= 1
        assert 1 / 19 <= record['target.confidence'] <= 1
    assert list(adapted.glob('*/vis_data/vis_image/target_panel_2.png'))


def test_resumed_run_equals_an_uninterrupted_one(
    adapted: Path, data: Path, source: Path, tmp_path: Path
) -> None:
    options = [*SHRINK, *SHRINK_PAIR, *FEW, f'load_from={source}', 'train_cfg.max_iters=4']
    config = 'configs/maxsquare/gta2cs_iw_multi.py'
    run('tools/train.py', config, '--work-dir', tmp_path, '--cfg-options', *options, data=data)
    states = [
        torch.load(folder / 'iter_4.pth', weights_only=False)['state_dict']
        for folder in (adapted, tmp_path)
    ]
    assert states[0].keys() == states[1].keys()
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_same_miou_by_every_way_of_testing(adapted: Path, data: Path, tmp_path: Path) -> None:
    """Our test.py, mmseg's own, and the plain config; also label PNGs and pictures."""
    checkpoint = adapted / 'iter_4.pth'
    uda, plain = 'configs/maxsquare/gta2cs_iw_multi.py', 'configs/source_only/gta.py'
    options = ['--cfg-options', *SHRINK]
    extras = ['--out', tmp_path / 'out', '--show-dir', tmp_path / 'show']
    scores = [[r['mIoU'] for r in records(adapted) if 'mIoU' in r][-1]]
    ways = [
        ('ours', 'tools/test.py', uda, extras),
        ('plain', 'tools/test.py', plain, []),
    ]
    mmseg_test = Path(mmseg.__file__).parent / '.mim/tools/test.py'
    if mmseg_test.is_file():
        ways.append(('mmseg', mmseg_test, uda, []))
    for name, script, config, more in ways:
        work_dir = tmp_path / name
        run(script, config, checkpoint, '--work-dir', work_dir, *more, *options, data=data)
        scores.append(miou(work_dir))
    assert scores == pytest.approx([scores[0]] * len(scores), abs=1e-6)
    assert len(list((tmp_path / 'out').glob('*.png'))) == 2
    assert list((tmp_path / 'show').rglob('*.png'))


def test_tta(adapted: Path, data: Path, tmp_path: Path) -> None:
    options = [*SHRINK[:-1], 'tta_pipeline.1.transforms.0.0.scale=(64,32)']
    command = ['tools/test.py', 'configs/maxsquare/gta2cs_iw_multi.py', adapted / 'iter_4.pth']
    run(*command, '--tta', '--work-dir', tmp_path, '--cfg-options', *options, data=data)
    assert 0 <= miou(tmp_path) <= 100


def test_pictures_need_full_resolution(adapted: Path, data: Path, tmp_path: Path) -> None:
    command = ['tools/test.py', 'configs/maxsquare/gta2cs_iw_multi.py', adapted / 'iter_4.pth']
    options = [*SHRINK, 'test_dataloader.dataset.pipeline.3.name=network_input']
    extras = ['--show-dir', tmp_path / 'show', '--work-dir', tmp_path, '--cfg-options', *options]
    assert 'error: --show and --show-dir draw' in run(*command, *extras, data=data, ok=False)


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['tools/train.py', 'configs/nowhere.py'], 'config: no file configs/nowhere.py'),
        (
            ['tools/train.py', 'configs/maxsquare/gta2cs.py'],
            'load_from: no file work_dirs/source_only/gta/iter_70000.pth; train the source model',
        ),
        (
            ['tools/test.py', 'configs/maxsquare/gta2cs.py', 'nothing.pth'],
            'checkpoint: no file nothing.pth',
        ),
        (['tools/train.py', 'configs/source_only/gta.py', '--amp'], '--amp needs a GPU'),
    ],
)
def test_errors_are_sentences(arguments: list[str], message: str, data: Path) -> None:
    if '--amp' in arguments and torch.cuda.is_available():
        pytest.skip('this machine has a GPU')
    output = run(*arguments, data=data, ok=False)
    assert f'error: {message}' in output
    assert 'Traceback' not in output


def test_missing_data_root(tmp_path: Path) -> None:
    output = run('tools/train.py', 'configs/source_only/gta.py', data=tmp_path, ok=False)
    assert f'error: train_dataloader.dataset.data_root: no folder {tmp_path}/gta5' in output
    assert 'MMSEG_MAXSQUARE_DATA' in output
    assert 'Traceback' not in output
