"""A step of every segmentation method against a supervised step of the same network.

CBST is not among them: its steps are supervised ones.
"""

import torch
from measure import COLUMNS, compare, report
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from steps import (
    CONFIGS,
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

BASE = 'maxsquare/gta2cs_multi.py'  # two levels, 19 classes
METHODS = {  # config and changes of its model
    'MaxSquare': (BASE, dict(guidance=None)),
    'MaxSquare+Multi': (BASE, {}),
    'MinEnt': (BASE, dict(guidance=None, target_loss=dict(type='EntropyLoss', loss_weight=0.1))),
    'MinEnt (ADVENT)': ('advent/gta2cs_minent.py', {}),
    'AdaptSegNet': ('adaptsegnet/gta2cs_four_rates.py', {}),
    'AdvEnt': ('advent/gta2cs_advent.py', {}),
    'Cross-City, one level, 13 classes': ('cross_city/cs2nthu_rome.py', {}),
}


def main() -> None:
    """Print the table and write it as JSON."""
    args = arguments(__doc__).parse_args()
    device = torch.device(args.device)
    size = tuple(args.size or default_size(args.device))
    supervised = build(plain_config(BASE), device)
    classes = supervised.num_classes
    variants = {
        'supervised': training_step(supervised, batch(size, classes), optimizer(supervised))
    }
    for name, (config, changes) in METHODS.items():
        model = build(model_config(config, **changes), device)
        wrapper = optimizer(model)
        if model.methods.with_optimizer:
            fields = Config.fromfile(CONFIGS / config).optim_wrapper
            fields.optimizer.lr = 1e-6
            wrapper = build_optim_wrapper(model, fields)
        variants[name] = training_step(model, pair(size, model.num_classes), wrapper)
    rows = compare(variants, args.repeats, device)
    about = f'ResNet-101, two levels, {size[0]} x {size[1]}, {args.repeats} repeats'
    report('Methods', COLUMNS, rows, about, args.out / 'methods.json', device)


if __name__ == '__main__':
    main()
