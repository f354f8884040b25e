"""A UDA step against a supervised one: python benchmarks/step_floor.py

The lower bound of a UDA step is a supervised step on the source and one on the target: twice
the time, and the memory of one.
"""

import statistics

import torch
from measure import COLUMNS, median_times, paired_ratio, peak_bytes, report
from mmseg.models.utils import resize
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

from mmseg_maxsquare.engine.uda_hook import target_statistics
from mmseg_maxsquare.models.guidance import guidance_loss, self_produced_guidance


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument(
        '--memory-only', action='store_true', help='no times: minutes instead of hours on a CPU'
    )
    args = parser.parse_args()
    device, size = torch.device(args.device), args.size or default_size(args.device)
    plain = build(plain_config(args.config), device)
    classes = plain.num_classes
    whole = dict(model_config(args.config))
    configs = {
        'UDA, MaxSquare': model_config(
            args.config, guidance=None, target_loss=dict(type='MaxSquareLoss', loss_weight=0.1)
        ),
        'UDA, MaxSquare+IW+Multi': whole,
    }
    variants = {'supervised': training_step(plain, batch(size, classes), optimizer(plain))}
    for name, cfg in configs.items():
        model = build(cfg, device)
        variants[name] = training_step(model, pair(size, classes), optimizer(model))
    peaks = {name: peak_bytes(call, device) for name, call in variants.items()}
    about = f'{args.config}, {size[0]} x {size[1]}, fp32, batch 1+1'
    memory = {n: [peaks[n] / 2**20, peaks[n] / peaks['supervised']] for n in variants}
    if args.memory_only:
        rows = [[name, *cells] for name, cells in memory.items()]
        columns, path = ['variant', 'peak MB', 'memory ratio'], args.out / 'step_memory.json'
        report('Memory of a UDA step', columns, rows, about, path, device)
        return
    variants['target terms alone'] = target_terms(model, size, device)
    times = median_times(variants, args.repeats, device)
    rows = [
        [
            name,
            statistics.median(times[name]),
            paired_ratio(times[name], times['supervised']),
            *memory.get(name, [None, None]),
        ]
        for name in times
    ]
    share = paired_ratio(times['target terms alone'], times['UDA, MaxSquare+IW+Multi'])
    rows.append(['target terms in UDA, MaxSquare+IW+Multi', None, share, None, None])
    about += f', {args.repeats} repeats'
    path = args.out / 'step_floor.json'
    report('UDA step against a supervised step', COLUMNS, rows, about, path, device)


def target_terms(model, size: tuple[int, int], device: torch.device):
    """A function that runs all target terms after the heads: losses, backward pass, statistics."""
    width, height = size
    shape = (1, model.num_classes, -(-height // 8) + 1, -(-width // 8) + 1)
    levels = [torch.randn(shape, device=device, requires_grad=True) for _ in range(2)]

    def call() -> None:
        final, low = (
            resize(x, (height, width), mode='bilinear', align_corners=True) for x in levels
        )
        loss = model.target_loss(final)
        labels = self_produced_guidance(final, low)
        (loss + guidance_loss(low, labels)).backward()
        target_statistics(final.detach())

    return call


if __name__ == '__main__':
    main()
