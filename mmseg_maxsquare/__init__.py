"""Unsupervised domain adaptation with the maximum squares loss for MMSegmentation.

Importing the package registers its losses, models, data sets, hook and metric
in mmseg's registries.
"""

from .stack import check_stack

check_stack()

from . import datasets, engine, evaluation, losses, models  # noqa: E402

engine.allow_mmengine_checkpoints()

__version__ = '0.1.0'
__all__ = ['datasets', 'engine', 'evaluation', 'losses', 'models']
