"""dist_train.sh and dist_test.sh with two gloo processes."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.helpers import REPO
from tests.helpers.tiny_data import make_camvid

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


def run(*command: object, data: Path, ok: bool = True) -> str:
    """Output of a shell command in the repository; its exit code must fit."""
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    env = {
        **os.environ,
        'PATH': f'{Path(sys.executable).parent}{os.pathsep}{os.environ["PATH"]}',
        'PYTHONPATH': f'{REPO}{os.pathsep}{os.environ.get("PYTHONPATH", "")}',
        'MMSEG_MAXSQUARE_DATA': str(data),
        'CUDA_VISIBLE_DEVICES': '',
        'OMP_NUM_THREADS': '1',
        'PORT': str(port),
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
