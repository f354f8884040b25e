"""How often a step waits for the device: python benchmarks/host_syncs.py

On a GPU, PyTorch's own debug mode counts the waits. On a CPU nothing waits; there the operators
that would wait on a GPU are counted.
"""

import warnings
from collections.abc import Callable

import torch
from measure import report
from steps import (
    arguments,
    batch,
    build,
    default_size,
    model_config,
    optimizer,
    pair,
    plain_config,
    training_step,
)
from torch.utils._python_dispatch import TorchDispatchMode

# A number, or a shape that depends on values.
WAITING = ('_local_scalar_dense', 'nonzero', 'bincount', '_unique2', 'masked_select', 'equal')


class Watch(TorchDispatchMode):
    """Counts the operators that would wait for a GPU."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.__name__.split('.')[0]
        by_mask = name in ('index', 'index_put_') and any(
            index is not None and index.dtype in (torch.bool, torch.uint8) for index in args[1]
        )
        self.count += name in WAITING or by_mask
        return func(*args, **(kwargs or {}))


def main() -> None:
    args = arguments(__doc__).parse_args()
    device, size = torch.device(args.device), args.size or default_size(args.device)
    plain, uda = build(plain_config(args.config), device), build(model_config(args.config), device)
    classes = plain.num_classes
    supervised = training_step(plain, batch(size, classes), optimizer(plain))
    adapting = training_step(uda, pair(size, classes), optimizer(uda))
    rows = [['supervised', waits(supervised, device)], ['UDA', waits(adapting, device)]]
    about = f'{args.config}, {size[0]} x {size[1]}, batch 1+1'
    columns, path = ['step', 'waits'], args.out / 'syncs.json'
    report('Waits for the device in a step', columns, rows, about, path, device)


def waits(step: Callable[[], object], device: torch.device) -> int:
    """Waits in the second step; the first one sets up the optimizer."""
    step()
    if device.type != 'cuda':
        with Watch() as watch:
            step()
        return watch.count
    torch.cuda.set_sync_debug_mode('warn')
    try:
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter('always')
            step()
    finally:
        torch.cuda.set_sync_debug_mode('default')
    return sum('synchroniz' in str(warning.message) for warning in found)


if __name__ == '__main__':
    main()
