"""Looks at an adaptation without labels while it runs, and keeps what may be chosen."""

import copy
import io
import time
from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from mmengine.dist import get_world_size, is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import DATASETS, HOOKS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from ..models.class_share_anchor import load_source
from .atomic_files import AtomicBackend
from .held_out import HeldOutImages, SourceImages
from .looks import as_csv, read_csv
from .uda_hook import unwrap

SOURCE, STATISTICS = 'source', 'statistics'  # names of the candidates at step 0
STATISTICS_BATCHES = 25


@HOOKS.register_module()
class GuardHook(Hook):
    """Measures indicators on held-out target images before and during an adaptation.

    Candidates are the source model, the source model with batch statistics of the target
    ("statistics only"), and the model every ``interval`` steps. Their indicators are written
    to ``guard.csv`` in the work dir and their changed weights to ``guard/NAME.pth``.

    Args:
        dataset: Config of the held-out target images; labels are not needed.
        checkpoint: Weights of the source model. Defaults to None: ``load_from`` of the run,
            which the command ``train`` fills in.
        interval: Steps between two looks. Defaults to 25.
        images: Largest number of images to look at. Defaults to 16.
        source: Config of labelled images of the source, such as the validation set of the source
            model; the mIoU on them is written as ``source_mIoU``. Defaults to None.
        oracle: Validate every candidate with the labels of the val loop, too, for studies;
            written as ``oracle_mIoU``, and of no influence on anything. Defaults to False.

    Raises:
        ValueError: If ``interval`` or ``images`` is below 1.
    """

    priority = 'LOW'  # after the optimizer and the checkpoint

    def __init__(
        self,
        dataset: dict,
        checkpoint: str | None = None,
        interval: int = 25,
        images: int = 16,
        source: dict | None = None,
        oracle: bool = False,
    ) -> None:
        if interval < 1 or images < 1:
            raise ValueError(f'interval and images must be at least 1, got {interval}, {images}')
        self.dataset = dataset
        self.checkpoint = checkpoint
        self.interval = interval
        self.images = images
        self.source = source
        self.oracle = oracle
        self.rows: list[dict] = []
        self.seconds = 0.0  # of all looks of this process
        self._source: dict[str, Tensor] = {}

    def before_train(self, runner: Runner) -> None:
        """Look at the source model, unless a resumed run has done so."""
        model = unwrap(runner.model)
        if not hasattr(model, 'target_logits'):
            raise TypeError(
                f'GuardHook needs a UDAEncoderDecoder, got {type(model).__name__}: set '
                "model.type='UDAEncoderDecoder' or remove the hook"
            )
        if self.oracle and get_world_size() > 1:
            raise ValueError('GuardHook.oracle: works with one process only')
        if not is_main_process():
            return
        self.held_out = HeldOutImages(DATASETS.build(self.dataset), self.images)
        if self.source is not None:
            self.source_images = SourceImages(DATASETS.build(self.source), self.images)
        source = copy.deepcopy(model)
        load_source(source, self.checkpoint)
        self._source = {key: value.clone() for key, value in source.state_dict().items()}
        self.held_out.set_source(source)
        self.rows = [row for row in self._written(runner) if int(row['step']) <= runner.iter]
        if self.rows:
            return
        self._look(runner, SOURCE, 0, source)
        if use_target_statistics(source, self._target_batches(runner)):
            self._look(runner, STATISTICS, 0, source)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look at the model every ``interval`` steps and after the last one."""
        due = self.every_n_train_iters(runner, self.interval) or self.is_last_train_iter(runner)
        if due and is_main_process():
            step = runner.iter + 1
            self._look(runner, f'step {step}', step, unwrap(runner.model))

    def after_train(self, runner: Runner) -> None:
        """Say how long the looks took."""
        if is_main_process():
            runner.logger.info(f'guard: looks took {self.seconds:.1f} s')

    def _look(self, runner: Runner, name: str, step: int, model: nn.Module) -> None:
        started = time.perf_counter()
        row = dict(name=name, step=step, **self.held_out.look(model))
        if self.source is not None:
            row['source_mIoU'] = self.source_images.score(model)
        if self.oracle:
            row['oracle_mIoU'] = self._score(runner, model)
        self.rows.append(row)
        store(self._folder(runner) / f'{name.replace(" ", "_")}.pth', self._changed(model))
        AtomicBackend().put_text(as_csv(self.rows), Path(runner.work_dir) / 'guard.csv')
        self.seconds += time.perf_counter() - started

    def _changed(self, model: nn.Module) -> dict[str, Tensor]:
        """Weights and statistics that differ from the source model's."""
        state = model.state_dict()
        return {
            key: value.detach().cpu().clone()
            for key, value in state.items()
            if key not in self._source or not torch.equal(value, self._source[key])
        }

    def _score(self, runner: Runner, model: nn.Module) -> float:
        """mIoU on the labelled images of the val loop."""
        state = copy.deepcopy(runner.model.state_dict())
        unwrap(runner.model).load_state_dict(model.state_dict())
        score = runner.val_loop.run()['mIoU']
        runner.model.load_state_dict(state)
        return score

    def _target_batches(self, runner: Runner) -> list[dict]:
        """The first target batches of the run."""
        loader = runner.train_dataloader
        size = loader.batch_sampler.batch_size
        positions = range(STATISTICS_BATCHES * size)
        samples = [
            {key: part['target'] for key, part in loader.dataset[i].items()} for i in positions
        ]
        return [pseudo_collate(samples[i::STATISTICS_BATCHES]) for i in range(STATISTICS_BATCHES)]

    def _written(self, runner: Runner) -> list[dict]:
        path = Path(runner.work_dir) / 'guard.csv'
        if runner.iter == 0 or not path.is_file():
            return []
        return read_csv(path)

    @staticmethod
    def _folder(runner: Runner) -> Path:
        return Path(runner.work_dir) / 'guard'


def use_target_statistics(model: nn.Module, batches: list[dict]) -> bool:
    """Update the statistics of the batch norms with target images; no weight changes.

    Args:
        model: Its batch norms with running statistics are updated.
        batches: Collated target batches.

    Returns:
        False if the model has no such batch norm; it is then unchanged.
    """
    norms = [
        layer
        for layer in model.modules()
        if isinstance(layer, _BatchNorm) and layer.track_running_stats
    ]
    if not norms:
        return False
    model.eval()
    for layer in norms:
        layer.train()
    with torch.no_grad():
        for batch in batches:
            model.target_logits(model.data_preprocessor(dict(batch), True)['inputs'])
    return True


def store(path: Path, state: dict[str, Tensor]) -> None:
    """Write weights so that the file is complete or absent."""
    buffer = io.BytesIO()
    torch.save(dict(state_dict=state), buffer)
    AtomicBackend().put(buffer.getvalue(), path)
