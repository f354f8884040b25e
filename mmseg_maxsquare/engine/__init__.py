"""What watches and steers a training run."""

from .channels_last_hook import ChannelsLastHook
from .non_finite_hook import NonFiniteHook
from .oracle_checkpoint_hook import OracleCheckpointHook
from .safe_loading import allow_mmengine_checkpoints
from .uda_distributed import UDADistributedDataParallel
from .uda_hook import UDAHook

__all__ = [
    'ChannelsLastHook',
    'NonFiniteHook',
    'OracleCheckpointHook',
    'UDADistributedDataParallel',
    'UDAHook',
    'allow_mmengine_checkpoints',
]
