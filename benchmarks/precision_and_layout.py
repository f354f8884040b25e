"""Effect of the options for precision and layout: python benchmarks/precision_and_layout.py

Every variant is the same UDA step: fp32, channels_last (custom_hooks ChannelsLastHook), --amp
in bfloat16 and float16 (GPU), torch.compile of the network. The loss of the first step is
compared with that in fp32.
"""

import torch
from measure import COLUMNS, compare, report
from mmengine.optim import AmpOptimWrapper
from steps import arguments, build, default_size, model_config, optimizer, pair, training_step


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument('--batch', type=int, default=1, help='images of each domain in a step')
    parser.add_argument('--compile', action='store_true', help='also torch.compile (minutes)')
    args = parser.parse_args()
    device, size = torch.device(args.device), args.size or default_size(args.device)
    cfg = model_config(args.config)
    variants = {}
    for name in names(device, args.compile):
        model = build(cfg, device)
        if 'channels_last' in name:
            model.to(memory_format=torch.channels_last)
        if 'compile' in name:
            model.backbone.compile()
        wrapper = optimizer(model)
        for short, dtype in (('bf16', 'bfloat16'), ('fp16', 'float16')):
            if short in name:
                wrapper = AmpOptimWrapper(optimizer=wrapper.optimizer, dtype=dtype)
        variants[name] = training_step(model, pair(size, model.num_classes, args.batch), wrapper)
    losses = {name: step()['loss'].item() for name, step in variants.items()}  # the first step
    rows = [
        [*row, abs(losses[row[0]] / losses['fp32'] - 1)]
        for row in compare(variants, args.repeats, device)
    ]
    about = (
        f'{args.config}, {size[0]} x {size[1]}, '
        f'batch {args.batch}+{args.batch}, {args.repeats} repeats'
    )
    path = args.out / 'precision_and_layout.json'
    columns = [*COLUMNS, 'loss difference']
    report('Precision and layout of the UDA step', columns, rows, about, path, device)


def names(device: torch.device, compiled: bool) -> list[str]:
    """Variants that the device can run."""
    found = ['fp32', 'fp32, channels_last']
    if device.type == 'cuda':
        found += ['bf16', 'bf16, channels_last', 'fp16, channels_last']
    return found + ['fp32, compile'] * compiled


if __name__ == '__main__':
    main()
