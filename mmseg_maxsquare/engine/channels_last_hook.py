"""The channels-last memory layout, in which many convolutions are faster."""

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS


@HOOKS.register_module()
class ChannelsLastHook(Hook):
    """Converts the model's weights to ``torch.channels_last`` before it runs.

    Convolutions then keep their feature maps in that layout too. Values and
    checkpoints stay the same; ``benchmarks/`` measures the effect.
    """

    def before_run(self, runner: Runner) -> None:
        """Convert in place, so that the optimizer's parameters stay valid."""
        runner.model.to(memory_format=torch.channels_last)
