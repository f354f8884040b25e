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
from waiting_operators import Watch


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
        return len(watch.found)
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
