"""What an adaptation will do, in words."""

from collections import Counter

from torch import nn

from mmseg_maxsquare.models.trained_params import norm_layers
from mmseg_maxsquare.runs.progress import clock

from .plan import Plan
from .request import Request
from .words import counted

KINDS = ('BatchNorm', 'LayerNorm', 'GroupNorm', 'InstanceNorm')


def describe_plan(plan: Plan, request: Request) -> list[str]:
    """One fact per line."""
    height, width = plan.size
    mode = 'target images and the training data' if request.with_source else 'target images only'
    images = f'{plan.found} found, {len(plan.read.paths)} read'
    held = f'{len(plan.held_out)} held out to judge the result'
    if set(map(str, plan.held_out)) <= set(map(str, plan.train)):
        held = 'all used to train and to judge the result, since there are fewer than 10'
    held += f', {plan.looks} looked at'
    lines = [
        f'mode: {mode}; {request.method}, {counted(request.steps, "step")}, rate {request.lr:g}',
        f'images: {images}, {held}',
        f'size: {width} x {height} from the test pipeline of the config'
        + (f', crops of {plan.crop[1]} x {plan.crop[0]}' if plan.crop != plan.size else ''),
        f'trained: {describe_trained(plan.model)}',
        f'time: about {clock(plan.seconds)}',
    ]
    if plan.crop != plan.wanted:
        lines.append(
            f'memory: crops of {plan.wanted[1]} x {plan.wanted[0]} do not fit, so they are '
            f'{plan.crop[1]} x {plan.crop[0]}'
        )
    return [*lines, *(f'note: {note}' for note in plan.notes)]


def describe_trained(model: nn.Module) -> str:
    """Such as ``34 BatchNorm, 0 LayerNorm; 20,480 of 4.6 M parameters``."""
    counts: Counter[str] = Counter()
    for layer in norm_layers(model):
        counts[
            next(kind for kind in KINDS if kind in f'{type(layer).__name__} {_bases(layer)}')
        ] += 1
    shown = [kind for kind in KINDS if counts[kind] or kind in KINDS[:2]]
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    total = sum(p.numel() for p in model.parameters())
    layers = ', '.join(f'{counts[kind]} {kind}' for kind in shown)
    return f'{layers}; {trained:,} of {total / 1e6:.1f} M parameters'


def _bases(layer: nn.Module) -> str:
    return ' '.join(kind.__name__ for kind in type(layer).__mro__)
