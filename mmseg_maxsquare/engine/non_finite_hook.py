"""Stops the run, or skips the step, when a loss or gradient is NaN or infinite."""

from functools import partial

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor

from .method_optimizers import by_name

ACTIONS = ('stop', 'skip')


@HOOKS.register_module()
class NonFiniteHook(Hook):
    """Watches losses and gradients for NaN and infinity.

    With ``'stop'`` the run ends before anything is saved, so the last checkpoint is
    good; the error names the step, the losses and the images. On a GPU this does not
    synchronise: the result of a step is read one step later (and before a checkpoint
    is written).

    With ``'skip'`` the step changes nothing (parameters, momentum, statistics of
    batch norms) and is logged and counted as ``skipped_steps``; this synchronises
    with the GPU in every step.

    The gradient scaler of float16 AMP skips steps with infinite gradients
    automatically; these are not errors.

    Args:
        action: ``'stop'`` or ``'skip'``. Defaults to ``'stop'``.

    Raises:
        ValueError: If there is no such action.
    """

    def __init__(self, action: str = 'stop') -> None:
        if action not in ACTIONS:
            raise ValueError(f'action must be one of {ACTIONS}, got {action!r}')
        self.action = action
        self._gradient: Tensor | None = None
        self._pending: tuple[str, list[str], Tensor] | None = None
        self._copied: torch.cuda.Event | None = None
        self._buffers: list[tuple[Tensor, Tensor]] = []
        self._updating = True  # the next iteration starts a new update
        self._skipping = False

    def before_train(self, runner: Runner) -> None:
        """Check the gradients before every update, those of all optimizers before the first."""
        optimizers = [wrapper.optimizer for wrapper in by_name(runner.optim_wrapper).values()]
        for i, optimizer in enumerate(optimizers):
            # The scaler of AMP may skip the first one, so each looks at itself and those after it.
            optimizer.register_step_pre_hook(partial(self._inspect, optimizers[i:]))

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Store the state that a skipped step must not change."""
        self._gradient, self._skipping = None, False
        if self.action == 'skip' and self._updating:
            self._buffers = [(b, b.clone()) for b in runner.model.buffers()]
            self._updating = False

    def _inspect(self, optimizers: list[torch.optim.Optimizer], *unused: object) -> None:
        """Whether all gradients are finite; in skip mode drop them if not."""
        self._updating = True
        groups = [group for optimizer in optimizers for group in optimizer.param_groups]
        parameters = [p for group in groups for p in group['params'] if p.grad is not None]
        if not parameters:
            return
        gradient = torch.stack(torch._foreach_norm([p.grad for p in parameters])).sum()
        self._gradient = gradient if self._gradient is None else self._gradient + gradient
        if self.action == 'skip' and not bool(self._gradient.isfinite()):
            self._skipping = True
            for parameter in parameters:
                parameter.grad = None

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Check the previous step (stop), or undo this one if needed (skip)."""
        values = {k: v.detach() for k, v in (outputs or {}).items() if 'loss' in k}
        if self._gradient is not None:
            values['gradient'] = self._gradient
        where = f'step {runner.iter + 1} ({_images(data_batch)})'
        if self.action == 'skip':
            self._skip(runner, where, values)
            return
        self._judge()
        if values:
            finite = torch.stack([v.float().reshape(()) for v in values.values()]).isfinite()
            if finite.is_cuda:
                host = torch.empty(finite.shape, dtype=torch.bool, pin_memory=True)
                finite = host.copy_(finite, non_blocking=True)
                self._copied = torch.cuda.Event()
                self._copied.record()
            self._pending = (where, list(values), finite)
            if not finite.is_pinned():
                self._judge()

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check before saving, so that no bad state is saved."""
        self._judge()

    def after_train(self, runner: Runner) -> None:
        """Check the last step."""
        self._judge()

    def _judge(self) -> None:
        """End the run if the pending step had a value that is not finite.

        Raises:
            FloatingPointError: Names the values.
        """
        if self._pending is None:
            return
        (where, names, finite), self._pending = self._pending, None
        if self._copied is not None:
            self._copied.synchronize()
        bad = [name for name, ok in zip(names, finite.tolist(), strict=True) if not ok]
        if bad:
            raise FloatingPointError(
                f'{where}: {", ".join(bad)} is not finite. The last checkpoint is good. Look at '
                'these images, lower the learning rate or target_loss.loss_weight, or skip such '
                "steps with default_hooks.finite.action='skip'"
            )

    def _skip(self, runner: Runner, where: str, values: dict[str, Tensor]) -> None:
        """Log and count a skipped step; restore the buffers."""
        skipped = runner.message_hub.runtime_info.get('skipped_steps', 0)  # survives a resume
        bad = [name for name, value in values.items() if not bool(value.isfinite().all())]
        if self._skipping:
            for buffer, before in self._buffers:
                buffer.copy_(before)
            skipped += 1
        if bad:
            what = (
                f'step skipped ({skipped} so far)' if self._skipping else 'gradients are, step kept'
            )
            runner.logger.warning(f'{where}: {", ".join(bad)} is not finite; {what}')
        runner.message_hub.update_info('skipped_steps', skipped)
        runner.message_hub.update_scalar('train/skipped_steps', skipped)


def _images(data_batch: dict | None) -> str:
    """Image files of a batch, by domain."""
    samples = (data_batch or {}).get('data_samples') or {}
    domains = samples if isinstance(samples, dict) else {'images': samples}
    return '; '.join(
        f'{name}: {", ".join(str(s.metainfo.get("img_path")) for s in of_domain)}'
        for name, of_domain in domains.items()
    )
