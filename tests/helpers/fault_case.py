"""A tiny run that can be killed and resumed, and compared with one that was not."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import torch

from tests.helpers import REPO
from tests.helpers.tiny_models import head_cfg, low_head_cfg, plain_cfg, uda_cfg

STEPS = 8
# What differs between any two runs.
TIMES = ('time', 'data_time', 'memory', 'eta')


class Server:
    """Runs commands; see train_server.py.

    Attributes:
        output: Of the last run.
    """

    def __init__(self, folder: Path) -> None:
        env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
        self.log = folder / 'log.txt'
        self.process = subprocess.Popen(
            [sys.executable, '-m', 'tests.helpers.train_server'],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            cwd=folder,
        )

    def __call__(self, *arguments: object, kill: dict | None = None) -> int:
        argv = list(map(str, arguments))
        request = dict(argv=argv, log=str(self.log), kill=kill)
        self.process.stdin.write(json.dumps(request) + '\n')
        self.process.stdin.flush()
        answers = (line for line in self.process.stdout if line.startswith('exit code '))
        code = int(next(answers).split()[-1])
        self.output = self.log.read_text(errors='replace')
        return code


def write_config(
    path: Path,
    data: Path,
    *,
    uda: bool,
    workers: int,
    methods: list[dict] | None = None,
    self_training: dict | None = None,
    **hook,
) -> Path:
    """A tiny run with randomness in the images and dropout in the heads, on our schedule."""
    flips = [dict(type='RandomGaussianBlur'), dict(type='RandomFlip', prob=0.5)]
    load, pack = [dict(type='LoadImageFromFile')], [dict(type='PackSegInputs')]
    labels = [dict(type='LoadAnnotations')]
    source = dict(
        type='GTA5Dataset', data_root=str(data / 'gta5'), pipeline=load + labels + flips + pack
    )
    cityscapes = dict(type='CityscapesDataset', data_root=str(data / 'cityscapes'))
    folders = {
        s: dict(img_path=f'leftImg8bit/{s}', seg_map_path=f'gtFine/{s}') for s in ('train', 'val')
    }
    target = dict(cityscapes, data_prefix=folders['train'], pipeline=load + flips + pack)
    heads = dict(
        decode_head=head_cfg(num_classes=19, dropout_ratio=0.3),
        auxiliary_head=low_head_cfg(num_classes=19, dropout_ratio=0.3),
    )
    model = (uda_cfg if uda else plain_cfg)(**heads)
    optimizers = dict(accumulative_counts=2 if uda else 1, optimizer=dict(lr=0.02))
    if uda and methods:
        own = dict(constructor='MethodOptimWrapperConstructor')
        own['methods'] = dict(optimizer=dict(type='Adam', lr=1e-3, betas=(0.9, 0.99)))
        model.update(target_loss=None, methods=methods)
        optimizers.update(own)
    elif uda:
        model['guidance'] = dict(threshold=0.06)
    else:
        model['data_preprocessor']['size_divisor'] = 8
    loader = dict(num_workers=workers, persistent_workers=workers > 0)
    fields = dict(
        model=model,
        train_dataloader=dict(
            loader,
            batch_size=2,
            sampler=dict(type='UDASampler' if uda else 'InfiniteSampler'),
            dataset=dict(type='UDADataset', source=source, target=target) if uda else source,
        ),
        val_dataloader=dict(
            loader,
            sampler=dict(type='DefaultSampler', shuffle=False),
            dataset=dict(cityscapes, data_prefix=folders['val'], pipeline=load + labels + pack),
        ),
        val_evaluator=dict(type='IoUMetric', iou_metrics=['mIoU']),
        optim_wrapper=optimizers,
        param_scheduler=[dict(type='PolyLR', power=0.9, begin=0, end=STEPS + 1, by_epoch=False)],
        train_cfg=dict(max_iters=STEPS, val_interval=4),
        default_hooks=dict(logger=dict(interval=1), checkpoint=hook),
        custom_hooks=[dict(type='UDAHook', warmup_iters=6, interval=2)] if uda else [],
        test_dataloader=None,
        test_cfg=None,
    )
    bases = [
        str(REPO / 'configs/_base_' / name)
        for name in ('default_runtime.py', 'schedules/source_70k.py')
    ]
    if self_training:
        fields['train_cfg'] = dict(
            type='SelfTrainingLoop', max_iters=STEPS, val_interval=4, **self_training
        )
        fields['param_scheduler'] = []
        fields['train_dataloader']['sampler'] = dict(type='UDASampler')
        fields['train_dataloader']['dataset'] = dict(
            type='SelfTrainingDataset',
            source=source,
            target=dict(target, pipeline=[*load, dict(type='LoadPseudoLabels'), *flips, *pack]),
            labelling_pipeline=load + pack,
            prior_pipeline=load + labels + pack,
        )
    lines = [f'_base_ = {bases!r}', *(f'{key} = {value!r}' for key, value in fields.items())]
    path.write_text('\n'.join(lines) + '\n')
    return path


class Case:
    """A config and what its uninterrupted run ended with.

    Args:
        server: Runs it.
        folder: Where to.
        **options: Of :func:`write_config`.
    """

    def __init__(self, server: Server, folder: Path, data: Path, **options) -> None:
        self.server = server
        self.config = write_config(folder / 'config.py', data, **options)
        self.whole = folder / 'whole'
        begin = time.time()
        assert self.run(self.whole) == 0, server.output[-5000:]
        self.seconds = time.time() - begin

    def run(self, work_dir: Path, *arguments: str, kill: dict | None = None) -> int:
        return self.server('train', self.config, '--work-dir', work_dir, *arguments, kill=kill)

    def finish(self, work_dir: Path) -> None:
        """Resume and compare with the uninterrupted run."""
        assert self.run(work_dir, '--resume') == 0, self.server.output[-5000:]
        self.compare(work_dir)

    def compare(self, work_dir: Path) -> None:
        """Weights, optimizer, schedule, losses and files are those of the uninterrupted run."""
        assert_same(state(work_dir), state(self.whole))
        assert logged(work_dir) == logged(self.whole)
        assert not list(work_dir.glob('*partial*'))
        kept = sorted(path.name for path in work_dir.glob('*.pth'))
        assert kept == sorted(path.name for path in self.whole.glob('*.pth'))
        assert (work_dir / 'last_checkpoint').read_text() == str(work_dir / f'iter_{STEPS}.pth')


def state(work_dir: Path) -> dict:
    """All of the last checkpoint but times and paths."""
    checkpoint = torch.load(work_dir / f'iter_{STEPS}.pth', weights_only=False)
    scalars = checkpoint.pop('message_hub')['log_scalars']
    checkpoint.pop('meta')
    # A validation that was made again is in the buffers twice.
    history = {
        name: [array.tolist() for array in scalar.data]
        for name, scalar in scalars.items()
        if name.startswith('train/') and name.rpartition('/')[2] not in TIMES
    }
    assert any('loss' in name for name in history)
    return {**checkpoint, 'history': history}


def assert_same(ours: object, theirs: object, where: str = '') -> None:
    """Equal to the bit."""
    assert type(ours) is type(theirs), where
    if isinstance(ours, dict):
        assert list(ours) == list(theirs), f'{where}: {set(ours) ^ set(theirs)}'
        for key in ours:
            assert_same(ours[key], theirs[key], f'{where}.{key}')
    elif isinstance(ours, list | tuple):
        assert len(ours) == len(theirs), where
        for i, pair in enumerate(zip(ours, theirs, strict=True)):
            assert_same(*pair, f'{where}[{i}]')
    elif isinstance(ours, torch.Tensor):
        assert torch.equal(ours, theirs), where
    else:
        assert ours == theirs, where


def logged(work_dir: Path) -> dict[int, dict]:
    """What was logged of every step. Of a step that was made twice it must be the same."""
    steps: dict[int, dict] = {}
    for file in sorted(work_dir.glob('*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            if not line.endswith('}'):
                continue  # cut off by a kill
            record = json.loads(line)
            step = steps.setdefault(record['step'], {})
            for key in set(record) - set(TIMES):
                assert step.setdefault(key, record[key]) == record[key], (record['step'], key)
    assert sorted(steps) == list(range(1, STEPS + 1))
    assert 'mIoU' in steps[4] and 'mIoU' in steps[STEPS]
    return steps
