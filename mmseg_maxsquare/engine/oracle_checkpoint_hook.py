"""Atomic checkpoints; the best one by target labels is named an oracle."""

import os
from collections import deque
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.fileio import LocalBackend
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from mmseg.registry import HOOKS

from .accumulated_gradients import restore_gradients, store_gradients
from .atomic_files import BACKEND, AtomicBackend, remove_leftovers
from .network_weights import without_networks

ORACLE = 'oracle_'


@HOOKS.register_module()
class OracleCheckpointHook(CheckpointHook):
    """mmengine's hook, but one complete checkpoint always exists, and oracles are named so.

    The result of an adaptation is its last checkpoint: without target labels no other
    one can be chosen. With ``save_best='mIoU'`` the one with the highest mIoU is kept
    too, as ``best_oracle_mIoU_iter_N.pth``; its score is logged as ``oracle_mIoU``.

    On local disks a file appears only when it is complete, and an old checkpoint is
    removed only after the new one exists. So one remains whenever the run is killed,
    even with ``max_keep_ckpts=1``; the disk needs space for one more. During gradient
    accumulation the accumulated gradients are stored, too. With several processes only
    those of rank 0 are stored, so there the checkpoint interval should be a multiple of
    the accumulation steps.

    Args:
        save_best: Metric, several metrics, or None. ``'auto'`` is an error: name one.
        **kwargs: As for :class:`CheckpointHook`.

    Raises:
        ValueError: If ``save_best`` is ``'auto'``.
    """

    def __init__(self, *args: Any, save_best: str | list[str] | None = None, **kwargs: Any) -> None:
        if save_best == 'auto':
            raise ValueError("save_best='auto' names no metric; name a metric such as 'mIoU'")
        if isinstance(save_best, str):
            save_best = ORACLE + save_best
        elif save_best is not None:
            save_best = [ORACLE + name for name in save_best]
        super().__init__(*args, save_best=save_best, **kwargs)
        self._gradients: dict | None = None

    def before_train(self, runner: Runner) -> None:
        """Continue from the files that a killed run left."""
        super().before_train(runner)
        local = type(self.file_backend) is LocalBackend
        if local and self.backend_args is None and self.file_client_args is None:
            self.backend_args: dict | None = dict(backend=BACKEND)
            self.file_backend: LocalBackend = AtomicBackend()
            if is_main_process():
                remove_leftovers(self.out_dir)
                remove_leftovers(runner.work_dir)
        if self.save_best:  # in this folder, which may be a copy of the original one
            self._best = {
                name: path and self.file_backend.join_path(self.out_dir, Path(path).name)
                for name, path in self._best.items()
            }
        # With load_from (no resume), training starts at step 0.
        if self._gradients and runner.iter > 0:
            restore_gradients(runner.model, self._gradients)
        self._gradients = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add what a resumed run needs; otherwise leave only the plain model."""
        if 'optimizer' in checkpoint:
            store_gradients(runner.model, checkpoint)
        else:
            checkpoint['state_dict'] = without_networks(checkpoint['state_dict'])

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Keep these gradients until the training starts."""
        self._gradients = checkpoint.get('gradients')

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        """As in mmengine, but removes the old checkpoint last and writes atomically."""
        if self.max_keep_ckpts > 0:
            kept = list(self.keep_ckpt_ids)
            kept += [step] if step not in kept[-1:] else []
            # Includes those to be removed: if killed before, mmengine removes them later.
            runner.message_hub.update_info('keep_ckpt_ids', kept)
        name = self.filename_tmpl.format(step)
        self.last_ckpt = self.file_backend.join_path(self.out_dir, name)
        runner.message_hub.update_info('last_ckpt', self.last_ckpt)
        runner.save_checkpoint(
            self.out_dir,
            name,
            self.file_client_args,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta=meta,
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        if is_main_process():
            pointer = os.path.join(runner.work_dir, 'last_checkpoint')
            AtomicBackend().put_text(self.last_ckpt, pointer)
        if self.max_keep_ckpts > 0:
            for outdated in kept[: -self.max_keep_ckpts]:
                file = self.filename_tmpl.format(outdated)
                self._remove(self.file_backend.join_path(self.out_dir, file))
            self.keep_ckpt_ids: deque[int] = deque(kept, self.max_keep_ckpts)
            runner.message_hub.update_info('keep_ckpt_ids', list(self.keep_ckpt_ids))

    def _save_best_checkpoint(self, runner: Runner, metrics: dict) -> None:
        """As in mmengine, under the oracle's name, but the former best is removed last."""
        if not self.save_best:
            return
        former, self._best = self._best, dict.fromkeys(self._best)
        oracles = {ORACLE + name: value for name, value in metrics.items()}
        super()._save_best_checkpoint(runner, oracles)
        self._best = {name: path or former[name] for name, path in self._best.items()}
        outdated = {path for path in former.values() if path is not None}
        for path in outdated - set(self._best.values()):
            self._remove(path)

    @property
    def _best(self) -> dict[str, str | None]:
        """Path of the best checkpoint by metric; mmengine stores it in two places."""
        if len(self.key_indicators) == 1:
            return {self.key_indicators[0]: self.best_ckpt_path}
        return self.best_ckpt_path_dict

    @_best.setter
    def _best(self, paths: dict[str, str | None]) -> None:
        if len(self.key_indicators) == 1:
            (self.best_ckpt_path,) = paths.values()
        else:
            self.best_ckpt_path_dict = paths

    def _remove(self, path: str) -> None:
        """Remove a checkpoint, which may already be missing."""
        if is_main_process() and self.file_backend.isfile(path):
            self.file_backend.remove(path)
