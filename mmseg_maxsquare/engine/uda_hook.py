"""Schedule of the target loss, and monitoring of an adaptation."""

import numpy as np
import torch
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import Tensor, nn

from .collapse import FIRST, collapse_of, remember
from .panel import colorize, heat, side_by_side


@HOOKS.register_module()
class UDAHook(Hook):
    """Schedules lambda_T and logs statistics of the predictions on the target.

    Every ``interval`` steps it logs for the current target batch
    ``target.confidence`` (mean highest probability), ``target.entropy`` (mean, in
    nats), ``target.top_share`` (share of the most predicted class) and the share of
    each class (``target_share/CLASS``, visualizer only), and warns when the predictions
    have collapsed (:func:`~mmseg_maxsquare.engine.collapse.collapse_of`), to which it also
    looks at each of the first steps. All of it depends only on the step and on checkpoints,
    so a resumed run continues unchanged.

    Args:
        warmup_iters: Steps over which lambda_T rises linearly to its value;
            0 keeps it constant. Defaults to 0.
        interval: Steps between two logs. Defaults to 50.
        panel_interval: Steps between two panels (image | prediction | guidance |
            confidence) for the visualizer; 0 for none. A classifier has none.
            Defaults to 500.

    Raises:
        ValueError: If an argument is negative or ``interval`` is 0.
    """

    def __init__(
        self, warmup_iters: int = 0, interval: int = 50, panel_interval: int = 500
    ) -> None:
        if warmup_iters < 0 or panel_interval < 0 or interval < 1:
            raise ValueError(
                'warmup_iters and panel_interval must be at least 0 and interval at least 1, got '
                f'{warmup_iters}, {panel_interval}, {interval}'
            )
        self.warmup_iters = warmup_iters
        self.interval = interval
        self.panel_interval = panel_interval

    def before_train(self, runner: Runner) -> None:
        """Reject a model without a target loss."""
        model = unwrap(runner.model)
        if not hasattr(model, 'target_weight'):
            raise TypeError(
                f'UDAHook needs a UDAEncoderDecoder, got {type(model).__name__}: set '
                "model.type='UDAEncoderDecoder' (or UDAImageClassifier) or remove the hook"
            )

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: dict | None = None
    ) -> None:
        """Set lambda_T of the step; request a snapshot if the step is looked at."""
        model = unwrap(runner.model)
        model.target_weight = self.weight_at(runner.iter)
        looked_at = runner.iter < FIRST or self._log_due(runner) or self._panel_due(runner)
        # Of several ranks, only the logging one takes a snapshot, of its own batch.
        model.snapshot = {} if looked_at and is_main_process() else None

    def weight_at(self, step: int) -> float:
        """Factor on lambda_T in a step counted from 0; reaches 1 in the last of the warm-up."""
        return min(1.0, (step + 1) / self.warmup_iters) if self.warmup_iters else 1.0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Look for a collapse, log the target's statistics and draw the panel."""
        model = unwrap(runner.model)
        snapshot, model.snapshot = model.snapshot, None
        if not snapshot:
            return
        classes = runner.visualizer.dataset_meta['classes']
        statistics, shares = target_statistics(snapshot['logits'], snapshot['ignore'])
        if found := collapse_of(remember(runner.message_hub, shares), classes):
            runner.logger.warning(
                f'UDAHook: at step {runner.iter + 1} {found}; the adaptation may have collapsed '
                '(lower target_loss.loss_weight or the learning rate)'
            )
        if self._log_due(runner):
            self._log(runner, statistics, dict(zip(classes, shares, strict=True)))
        if self._panel_due(runner) and snapshot['logits'].dim() == 4:
            panel = target_panel(
                snapshot, model.data_preprocessor, runner.visualizer.dataset_meta['palette']
            )
            runner.visualizer.add_image('target_panel', panel, runner.iter + 1)

    def _log(self, runner: Runner, statistics: dict[str, float], shares: dict[str, float]) -> None:
        for name, value in statistics.items():
            runner.message_hub.update_scalar(f'train/target.{name}', value)
        runner.visualizer.add_scalars(
            {f'target_share/{name}': share for name, share in shares.items()}, runner.iter + 1
        )

    def _log_due(self, runner: Runner) -> bool:
        return self.every_n_train_iters(runner, self.interval)

    def _panel_due(self, runner: Runner) -> bool:
        return self.every_n_train_iters(runner, self.panel_interval)


def target_statistics(
    logits: Tensor, ignore: Tensor | None = None
) -> tuple[dict[str, float], list[float]]:
    """Confidence, entropy and class shares of predictions.

    Args:
        logits: ``(B, C, *spatial)``.
        ignore: Boolean ``(B, H, W)``, True for pixels that do not count.

    Returns:
        ``confidence``, ``entropy`` (nats) and ``top_share`` averaged over the
        counted pixels, and the predicted share of each class.
    """
    log_p = logits.float().log_softmax(1)
    confidence, predicted = log_p.max(1)
    entropy = -(log_p.exp() * log_p).sum(1)
    counted = torch.ones_like(predicted, dtype=torch.bool) if ignore is None else ~ignore
    shares = torch.bincount(predicted[counted], minlength=logits.shape[1]) / counted.sum()
    means = [confidence[counted].exp().mean(), entropy[counted].mean(), shares.max()]
    names = ('confidence', 'entropy', 'top_share')
    values = torch.stack(means).tolist()  # one transfer for all three
    return dict(zip(names, values, strict=True)), shares.tolist()


def target_panel(snapshot: dict, preprocessor: nn.Module, palette: list) -> np.ndarray:
    """Image | prediction | guidance | confidence of the first target image.

    Args:
        snapshot: From the model: ``inputs``, ``logits`` and ``guidance`` (None leaves
            its tile out).
        preprocessor: The model's, for its mean, deviation and channel order.
        palette: RGB of each class.

    Returns:
        uint8 RGB ``(H + title, W * tiles, 3)``.
    """
    image = snapshot['inputs'][0].float()
    if preprocessor._enable_normalize:
        image = image * preprocessor.std + preprocessor.mean
    image = image.clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy()
    # The two distributions of mmseg spell this attribute differently.
    names = ('_channel_conversion', 'channel_conversion')
    if not any(getattr(preprocessor, name, False) for name in names):
        image = image[..., ::-1]  # still in the files' BGR order
    probability, predicted = snapshot['logits'][0].float().softmax(0).max(0)
    tiles = {'target': image, 'prediction': colorize(predicted.cpu().numpy(), palette)}
    if snapshot['guidance'] is not None:
        tiles['guidance'] = colorize(snapshot['guidance'][0].cpu().numpy(), palette)
    tiles['confidence'] = heat(probability.cpu().numpy())
    return side_by_side(tiles)


def unwrap(model: nn.Module) -> nn.Module:
    """The model inside the wrapper of distributed training, if there is one."""
    return model.module if is_model_wrapper(model) else model
