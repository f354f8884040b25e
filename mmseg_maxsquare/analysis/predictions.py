"""Predictions of a checkpoint on the test data of a config, image by image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.structures import SegDataSample
from torch import nn
from torch.utils.data import DataLoader

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.config import load_config
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, fail, one_line, one_line_errors
from mmseg_maxsquare.runs.models import load_segmentor, plain_model, usable_device
from mmseg_maxsquare.runs.preflight import check_test
from mmseg_maxsquare.runs.progress import progress


@dataclass
class Predicted:
    """The model and data of a set of predictions.

    Attributes:
        config: Path or shipped name; predictions are made on its test data.
        checkpoint: Of the config's network, adapted or not.
        device: Where the model runs. Defaults to the accelerator, if there is one.
        options: Overrides of config fields, ``field=value``.
    """

    config: str
    checkpoint: str
    device: str | None = None
    options: Sequence[str] = ()


def predict(what: Predicted) -> tuple[list[str], Iterator[SegDataSample]]:
    """Names of the classes, and the sample that ``model.test_step`` returns for every image.

    Fails before the first image if something does not fit.

    Returns:
        The samples come one by one: ``seg_logits.data`` is ``(C, H, W)`` at the size of the
        config's EvaluationProtocol; ``gt_sem_seg.data`` is ``(1, H, W)``, if there are
        labels.
    """
    cfg, device = _prepare(what), usable_device(what.device)
    try:
        model = load_segmentor(cfg, cfg.load_from, 'checkpoint')
    except ValueError as error:
        fail(str(error))
    loader = build_loader(cfg.test_dataloader)
    return list(loader.dataset.metainfo['classes']), _samples(cfg, model.to(device), loader)


def _prepare(what: Predicted) -> Config:
    """The config with a plain EncoderDecoder; checks its fields and its checkpoint."""
    load_only_safely()
    cfg = plain_model(load_config(what.config, what.options, loaders=('test_dataloader',)))
    require_checkpoint(what.checkpoint, 'checkpoint', 'a training run writes them to its work dir')
    cfg.load_from = what.checkpoint
    check_test(cfg)
    return cfg


def build_loader(cfg: dict) -> DataLoader:
    """The test loader of a config; fails if its data set is incomplete."""
    try:
        return Runner.build_dataloader(cfg)
    except BUILD_ERRORS as error:
        fail(one_line(error))


def _samples(cfg: Config, model: nn.Module, loader: DataLoader) -> Iterator[SegDataSample]:
    with one_line_errors(cfg), progress('predict', len(loader.dataset)) as advance:
        for batch in loader:
            with torch.no_grad():
                samples = model.test_step(batch)
            for sample in samples:
                if not sample.seg_logits.data.isfinite().all():
                    raise FloatingPointError(
                        f'{cfg.load_from}: its logits of {sample.img_path} are not finite; '
                        'take a checkpoint from before the training diverged'
                    )
                advance()
                yield sample
