"""Unsupervised domain adaptation with the maximum squares loss for MMSegmentation.

Importing the package registers its losses, models, data sets, hook and metric
in mmseg's registries.
"""

from .stack import check_stack, without_onedl_line

check_stack()

with without_onedl_line():
    from . import datasets, engine, evaluation, losses, models

engine.allow_mmengine_checkpoints()

__version__ = '0.1.0'
__all__ = ['datasets', 'engine', 'evaluation', 'losses', 'models']
