"""dist_train.sh and dist_test.sh with two gloo processes."""

import json
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.helpers import REPO
from tests.helpers.fault_case import write_config
from tests.helpers.tiny_data import make_camvid, make_cityscapes, make_gta5

OPTIONS = [
    'model.backbone.pretrained=None',
    'load_from=None',
    'train_cfg.max_iters=3',
    'train_cfg.val_interval=3',
    'default_hooks.logger.interval=1',
    'custom_hooks.0.interval=1',
    'train_dataloader.batch_size=1',
    'train_dataloader.num_workers=0',
    'train_dataloader.persistent_workers=False',
    'val_dataloader.num_workers=0',
    'val_dataloader.persistent_workers=False',
    'test_dataloader.num_workers=0',
    'test_dataloader.persistent_workers=False',
]


def free_port() -> int:
    """A port below those that the system gives to other programs, which could be faster."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with socket.socket() as tried:
            if tried.connect_ex(('127.0.0.1', port)):
                return port
    raise RuntimeError('100 ports are taken')


def run(*command: object, data: Path, ok: bool = True) -> str:
    """Output of a shell command in the repository; its exit code must fit."""
    env = {
        **os.environ,
        'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
        'PYTHONPATH': f'{REPO}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
        'MMSEG_MAXSQUARE_DATA': str(data),
        'CUDA_VISIBLE_DEVICES': '',
        'OMP_NUM_THREADS': '1',
        'PORT': str(free_port()),
    }
    process = subprocess.run(
        list(map(str, command)), cwd=REPO, env=env, capture_output=True, text=True
    )
    output = process.stdout + process.stderr
    assert (process.returncode == 0) is ok, output[-4000:]
    return output


def logged(work_dir: Path) -> list[dict]:
    files = sorted(work_dir.glob('*/vis_data/scalars.json'))
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


@pytest.mark.parametrize(
    'config', ['maxsquare/camvid_day2dusk_iw_multi.py', 'source_only/camvid_day.py']
)
def test_train_and_test_on_two_ranks(config: str, tmp_path: Path) -> None:
    data = make_camvid(tmp_path / 'data/CamVid', size=(48, 64)).parent
    options = [o for o in OPTIONS if 'custom_hooks' not in o or 'maxsquare' in config]
    scripts = [f'tools/dist_{name}.sh' for name in ('train', 'test')]
    work_dir = tmp_path / 'work'
    common = ['--work-dir', work_dir, '--cfg-options', *options]
    run('bash', scripts[0], f'configs/{config}', 2, *common, data=data)
    (log,) = work_dir.glob('*/*.log')
    assert 'GPU number: 2' in log.read_text()
    records = logged(work_dir)
    steps = {r['step']: r for r in records if 'loss' in r}
    assert sorted(steps) == [1, 2, 3]
    score = [r['mIoU'] for r in records if 'mIoU' in r][-1]
    state = torch.load(work_dir / 'iter_3.pth', weights_only=False)['state_dict']
    assert not any(key.startswith('module.') for key in state)  # the plain model's names
    common[1] = tmp_path / 'test'
    run('bash', scripts[1], f'configs/{config}', work_dir / 'iter_3.pth', 2, *common, data=data)
    (metrics,) = (tmp_path / 'test').glob('*/*.json')
    assert json.loads(metrics.read_text())['mIoU'] == pytest.approx(score, abs=1e-6)


@pytest.mark.slow
def test_self_training_on_two_ranks(tmp_path: Path) -> None:
    """Prior, chosen images and labels of the first round are those of one process."""
    make_gta5(tmp_path / 'gta5', count=5)
    make_cityscapes(tmp_path / 'cityscapes', train=3)
    rules = dict(rounds=2, round_iters=2, portion=0.4, select=2)
    rules |= dict(source_share=0.5, max_source_share=1.0)
    config = write_config(
        tmp_path / 'config.py', tmp_path, uda=False, workers=0, self_training=rules
    )
    options = ['--cfg-options', 'train_cfg.max_iters=4', 'train_cfg.val_interval=4']
    train = [sys.executable, '-m', 'mmseg_maxsquare', 'train']
    run(*train, config, '--work-dir', tmp_path / 'one', *options, data=tmp_path)
    script = 'tools/dist_train.sh'
    run('bash', script, config, 2, '--work-dir', tmp_path / 'two', *options, data=tmp_path)
    one, two = (tmp_path / name / 'self_training' for name in ('one', 'two'))
    labels = sorted((one / 'round_1/labels').iterdir())
    assert len(labels) == 2
    for path in (one / 'prior.npz', one / 'round_1/round.json', *labels):
        assert (two / path.relative_to(one)).read_bytes() == path.read_bytes(), path
    chosen = [json.loads((folder / 'selected.json').read_text()) for folder in (one, two)]
    assert chosen[0]['images'] == chosen[1]['images']
    assert (two / 'round_2/round.json').is_file() and (tmp_path / 'two/iter_4.pth').is_file()


@pytest.mark.parametrize(
    ('script', 'usage'),
    [
        ('dist_train.sh', 'CONFIG GPUS'),
        ('dist_test.sh', 'CONFIG CHECKPOINT GPUS'),
        ('slurm_train.sh', 'PARTITION JOB_NAME CONFIG'),
        ('slurm_test.sh', 'PARTITION JOB_NAME CONFIG CHECKPOINT'),
    ],
)
def test_usage(script: str, usage: str, tmp_path: Path) -> None:
    assert f'usage: tools/{script} {usage}' in run(
        'bash', f'tools/{script}', data=tmp_path, ok=False
    )


def test_slurm_scripts_call_srun(tmp_path: Path) -> None:
    """With an srun that only says what it was asked."""
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\necho "$@"\n')
    srun.chmod(0o755)
    command = f'PATH={tmp_path}:$PATH GPUS=8 tools/slurm_train.sh part job my.py --amp'
    output = run('bash', '-c', command, data=tmp_path)
    asked = (
        '-p part --job-name=job --gres=gpu:4 --ntasks=8 --ntasks-per-node=4 --cpus-per-task=5 '
        '--kill-on-bad-exit=1 python -u -m mmseg_maxsquare train my.py --launcher slurm --amp\n'
    )
    assert output == asked
