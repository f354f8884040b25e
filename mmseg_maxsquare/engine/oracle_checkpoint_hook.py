"""Checkpoints, of which the best on labelled target images is called what it is."""

from mmengine.hooks import CheckpointHook
from mmseg.registry import HOOKS

ORACLE = 'oracle_'


@HOOKS.register_module()
class OracleCheckpointHook(CheckpointHook):
    """mmengine's hook, but a checkpoint that target labels picked says ``oracle``.

    The result of an adaptation is its last checkpoint: who has no target labels
    cannot pick another. With ``save_best='mIoU'`` the one with the highest mIoU is
    kept too, as ``best_oracle_mIoU_iter_N.pth``; its score is logged as
    ``oracle_mIoU``.

    Args:
        save_best: Metric, several, or None. ``'auto'`` is refused: name one.
        **kwargs: As for :class:`CheckpointHook`.

    Raises:
        ValueError: If ``save_best`` is ``'auto'``.
    """

    def __init__(self, *args, save_best: str | list[str] | None = None, **kwargs) -> None:
        if save_best == 'auto':
            raise ValueError("save_best='auto' does not say by what; name a metric such as 'mIoU'")
        if isinstance(save_best, str):
            save_best = ORACLE + save_best
        elif save_best is not None:
            save_best = [ORACLE + name for name in save_best]
        super().__init__(*args, save_best=save_best, **kwargs)

    def _save_best_checkpoint(self, runner, metrics: dict) -> None:
        oracles = {ORACLE + name: value for name, value in metrics.items()}
        super()._save_best_checkpoint(runner, oracles)
