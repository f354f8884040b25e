"""What watches and steers a training run."""

from .safe_loading import allow_mmengine_checkpoints
from .uda_hook import UDAHook

__all__ = ['UDAHook', 'allow_mmengine_checkpoints']
