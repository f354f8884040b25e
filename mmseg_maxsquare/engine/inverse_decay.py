"""The learning rate of the classification experiments (Section 4.2)."""

from typing import Any

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import INF, _ParamScheduler
from mmseg.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class InverseDecayLR(LRSchedulerMixin, _ParamScheduler):
    r"""Annealing of Section 4.2, after [10].

    .. math:: \eta_p = \frac{\eta_0}{(1 + \alpha p)^\beta}

    p grows linearly from 0 at step ``begin`` to 1 at step ``end``. A run of
    ``end - begin`` steps does not reach p = 1; the next step would.

    Args:
        optimizer: Optimizer or its wrapper.
        end: Number of steps of the run.
        alpha: At least 0. Defaults to 10.
        beta: At least 0. Defaults to 0.75.
        begin: First step. Defaults to 0.
        **kwargs: As for mmengine's schedulers: ``by_epoch``, ``last_step``, ``verbose``.

    Raises:
        ValueError: If the end is not given, or a parameter is out of its range.
    """

    def __init__(
        self,
        optimizer: object,
        end: int = INF,
        alpha: float = 10.0,
        beta: float = 0.75,
        begin: int = 0,
        **kwargs: Any,
    ) -> None:
        if end == INF:
            raise ValueError('InverseDecayLR: end must be given; set it to the number of steps')
        if not (alpha >= 0 and beta >= 0):
            raise ValueError(
                f'InverseDecayLR: alpha and beta must be at least 0, got {alpha}, {beta}'
            )
        self.alpha, self.beta = alpha, beta
        super().__init__(optimizer, begin=begin, end=end, **kwargs)

    def factor(self, step: int) -> float:
        """Factor on the initial learning rate in a step counted from ``begin``."""
        return (1 + self.alpha * step / (self.end - self.begin)) ** -self.beta

    def _get_value(self) -> list[float]:
        """Learning rates of the parameter groups; relative, so that schedulers can be chained."""
        step = self.last_step
        change = self.factor(step) / self.factor(step - 1) if step else 1.0
        return [group[self.param_name] * change for group in self.optimizer.param_groups]
