"""What watches and steers a training run."""

from .oracle_checkpoint_hook import OracleCheckpointHook
from .safe_loading import allow_mmengine_checkpoints
from .uda_hook import UDAHook

__all__ = ['OracleCheckpointHook', 'UDAHook', 'allow_mmengine_checkpoints']
