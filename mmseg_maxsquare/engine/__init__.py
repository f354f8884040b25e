"""What watches and steers a training run."""

from .uda_hook import UDAHook

__all__ = ['UDAHook']
