"""Numbers in quotes: mmengine takes them as they are, and fails where they are first used."""

from collections.abc import Iterator

from mmengine.config import Config

from .findings import Finding, config_error

SECTIONS = (
    'model', 'train_cfg', 'val_cfg', 'test_cfg', 'train_dataloader', 'val_dataloader',
    'test_dataloader', 'val_evaluator', 'test_evaluator', 'optim_wrapper', 'param_scheduler',
    'default_hooks', 'custom_hooks', 'visualizer', 'randomness', 'auto_scale_lr', 'tta_model',
    'tta_pipeline',
)  # fmt: skip
# Texts that may look like a number: names and files.
TEXTS = (
    'type', 'name', 'prefix', 'pretrained', 'checkpoint', 'out_dir', 'output_dir', 'save_dir',
    'loss_name', 'monitor', 'save_best',
)  # fmt: skip
FREE = ('dataset', 'subsets', 'vis_backends')  # hold such names; a data set fails at the start


def check_quoted(cfg: Config) -> Iterator[Finding]:
    """Report texts that hold a number where no text is expected."""
    for section in SECTIONS:
        yield from _search(section, cfg.get(section))


def _search(where: str, value: object) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, part in value.items():
            name = key in TEXTS and not isinstance(part, dict)
            if not name and key not in FREE:
                yield from _search(f'{where}.{key}', part)
    elif isinstance(value, list | tuple):
        for i, part in enumerate(value):
            yield from _search(f'{where}.{i}', part)
    elif isinstance(value, str) and is_quoted(value):
        what = f'is {value!r} (str), expected a number'
        remedy = f'set {where} to a number, without quotes'
        yield config_error('numbers', where, what, remedy)


def is_quoted(text: str) -> bool:
    """Whether a text is a number."""
    try:
        float(text)
    except ValueError:
        return False
    return any(letter.isdigit() for letter in text)
