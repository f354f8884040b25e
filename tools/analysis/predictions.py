"""What a checkpoint predicts on the test data of a config, image by image."""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from mmengine.config import Config, DictAction
from mmengine.device import get_device
from mmengine.runner import Runner
from mmseg.apis import init_model
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import DataLoader

from mmseg_maxsquare.engine import load_only_safely

from pictures import plain_model

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from checkpoints import require_checkpoint
from doctor.findings import sentence
from doctor.fit import misfit
from doctor.progress import Progress
from launch import BUILD_ERRORS, fail, load_config, sentences
from preflight import check_test


def parse_args(description: str, name: str) -> argparse.Namespace:
    """The command line of a figure that a checkpoint is measured for."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config whose test data are predicted')
    parser.add_argument('checkpoint', help='checkpoint of its network, adapted or not')
    add_out(parser, name)
    parser.add_argument('--device', default=get_device(), help='cpu, cuda, ...')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='override config fields'
    )
    # Figures need none of what a run has: its log folder, other processes.
    parser.set_defaults(work_dir=None, launcher='none', local_rank=0)
    args = parser.parse_args()
    check_out(args.out)
    return args


def add_out(parser: argparse.ArgumentParser, name: str) -> None:
    """The option ``--out`` of every figure."""
    parser.add_argument(
        '--out',
        type=Path,
        default=Path(f'work_dirs/figures/{name}.png'),
        help='PNG to write, its numbers beside it as CSV; an earlier one of that name is replaced',
    )


def check_out(path: Path) -> None:
    """End with a sentence if a picture cannot be written, before the work for it."""
    if path.suffix != '.png':
        fail(f'--out: {path} must end in .png')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f'--out: {error.filename}: {error.strerror}; name another file')
    for file in (path.parent, path, path.with_suffix('.csv')):
        if file.exists() and not os.access(file, os.W_OK):
            fail(f'--out: {file} cannot be written to; name another file')


def prepare(args: argparse.Namespace) -> Config:
    """The config with a plain EncoderDecoder; ends with a sentence if something does not fit."""
    load_only_safely()
    cfg = plain_model(load_config(args, loaders=('test_dataloader',)))
    require_checkpoint(args.checkpoint, 'checkpoint', 'a training run writes them to its work dir')
    cfg.load_from = args.checkpoint
    check_test(cfg)
    check_device(args.device)
    return cfg


def check_device(device: str) -> None:
    """End with a sentence if there is no such device."""
    try:
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        fail(f'--device: {device} cannot be used ({str(error).splitlines()[0]}); give cpu')


def build_loader(cfg: dict) -> DataLoader:
    """The loader of a config; ends with a sentence if its data set is not all there."""
    try:
        return Runner.build_dataloader(cfg)
    except BUILD_ERRORS as error:
        fail(sentence(error))


def predict(cfg: Config, device: str) -> tuple[list[str], Iterator[SegDataSample]]:
    """Names of the classes, and every test image's sample as ``model.test_step`` gives it.

    Args:
        cfg: From :func:`prepare`.
        device: Where the model runs and its samples are.

    Returns:
        The samples come one by one: ``seg_logits.data`` is ``(C, H, W)`` at the size that
        the config's EvaluationProtocol says; ``gt_sem_seg.data`` is ``(1, H, W)``, if there
        are labels.
    """
    model = init_model(cfg, None, device='cpu')
    misfit(cfg.load_from, model)  # loads what prepare() has found to fit
    loader = build_loader(cfg.test_dataloader)
    return list(loader.dataset.metainfo['classes']), _samples(cfg, model.to(device), loader)


def _samples(cfg: Config, model: nn.Module, loader: DataLoader) -> Iterator[SegDataSample]:
    progress = Progress('predicted', len(loader.dataset))
    with sentences(cfg):
        for batch in loader:
            with torch.no_grad():
                samples = model.test_step(batch)
            for sample in samples:
                if not sample.seg_logits.data.isfinite().all():
                    raise FloatingPointError(
                        f'{cfg.load_from}: its logits of {sample.img_path} are not finite; '
                        'take a checkpoint from before the training diverged'
                    )
                progress.step()
                yield sample
    progress.close()
