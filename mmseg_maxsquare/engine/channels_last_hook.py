"""The memory layout in which many convolutions are faster."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Converts the model's weights to ``torch.channels_last`` before it runs.

    Convolutions then keep their feature maps in that layout too. Values and
    checkpoints are the same; ``benchmarks/`` measures what it brings.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert in place; the optimizer keeps its parameters."""
        runner.model.to(memory_format=torch.channels_last)
