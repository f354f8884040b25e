"""Hooks, loop and wrappers that control a training run."""

from .channels_last_hook import ChannelsLastHook
from .guard_hook import GuardHook
from .image_areas_hook import ImageAreasHook
from .inverse_decay import InverseDecayLR
from .matched_strength_hook import MatchedStrengthHook
from .method_optimizers import MethodOptimWrapperConstructor
from .non_finite_hook import NonFiniteHook
from .oracle_checkpoint_hook import OracleCheckpointHook
from .resume import find_resumable
from .safe_loading import allow_mmengine_checkpoints, check_checkpoint, load_only_safely
from .self_training_loop import SelfTrainingLoop
from .train_loop import ResumableTrainLoop
from .uda_distributed import UDADistributedDataParallel
from .uda_hook import UDAHook

__all__ = [
    'ChannelsLastHook',
    'GuardHook',
    'ImageAreasHook',
    'InverseDecayLR',
    'MatchedStrengthHook',
    'MethodOptimWrapperConstructor',
    'NonFiniteHook',
    'OracleCheckpointHook',
    'ResumableTrainLoop',
    'SelfTrainingLoop',
    'UDADistributedDataParallel',
    'UDAHook',
    'allow_mmengine_checkpoints',
    'check_checkpoint',
    'find_resumable',
    'load_only_safely',
]
