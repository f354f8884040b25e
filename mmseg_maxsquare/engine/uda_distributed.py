"""Distributed training of a model with two backward passes per step."""

from typing import Any

import torch
from mmengine.dist import all_reduce, all_reduce_params
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import OptimWrapper
from mmengine.registry import MODEL_WRAPPERS
from torch import Tensor, nn

BUCKET_MB = 25


# The runner looks it up in the root registry.
@MODEL_WRAPPERS.register_module()
class UDADistributedDataParallel(MMDistributedDataParallel):
    """mmengine's wrapper, for a :class:`UDAEncoderDecoder`.

    mmengine's own ``train_step`` would compute both domains in one graph, and the
    reducer of DistributedDataParallel expects one backward pass that always uses the
    same parameters (the target pass may leave out a head). Here the passes run without
    the reducer; then the gradients are averaged over the ranks once per update, in
    buckets. The statistics of batch norms are averaged with them, so that all ranks
    hold the same model as the one that rank 0 saves.

    A model without ``uda_step`` is trained as in mmengine, except for the statistics.

    Args:
        module: The model.
        **kwargs: As for :class:`MMDistributedDataParallel`.
    """

    def __init__(self, module: nn.Module, **kwargs: Any) -> None:
        if not next(module.parameters()).is_cuda:
            kwargs['device_ids'] = None  # the runner sets one on a CPU too
        super().__init__(module, broadcast_buffers=False, **kwargs)
        self._synced: list[nn.Parameter] | None = None

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One step of the model on this rank's batch."""
        if not hasattr(self.module, 'uda_step'):
            log = super().train_step(data, optim_wrapper)
            _average(self._statistics())
            return log
        with self.no_sync():
            return self.module.uda_step(self, data, optim_wrapper)

    def average_gradients(self) -> None:
        """Average gradients and floating point buffers over the ranks.

        Raises:
            RuntimeError: If a parameter has a gradient but had none on any rank in the
                first step: the ranks would exchange different parameters.
        """
        if self._synced is None:
            self._synced = self._used_on_any_rank()
        known = set(map(id, self._synced))
        for name, parameter in self.module.named_parameters():
            if parameter.grad is not None and id(parameter) not in known:
                raise RuntimeError(
                    f'{name} had no gradient in the first step and has one now; distributed '
                    'training needs the same parameters in every step'
                )
        for parameter in self._synced:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        _average([parameter.grad for parameter in self._synced] + self._statistics())

    def _statistics(self) -> list[Tensor]:
        return [buffer for buffer in self.module.buffers() if buffer.is_floating_point()]

    def _used_on_any_rank(self) -> list[nn.Parameter]:
        parameters = [p for p in self.module.parameters() if p.requires_grad]
        used = torch.tensor([p.grad is not None for p in parameters], dtype=torch.int32)
        used = used.to(parameters[0].device)
        all_reduce(used)
        return [p for p, count in zip(parameters, used.tolist(), strict=True) if count]


def _average(tensors: list[Tensor]) -> None:
    """Average over the ranks, in place."""
    if tensors:
        all_reduce_params(tensors, coalesce=True, bucket_size_mb=BUCKET_MB, op='mean')
