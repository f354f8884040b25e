"""Masks of 0 and 255: the foreground of two classes, which is taken for ignored pixels."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from mmengine.config import Config
from mmengine.runner import Runner
from PIL import Image

from .findings import Finding
from .sizes import evenly

FILES = 40  # label files that are looked at
BACKGROUND, IGNORED = 0, 255


def check_label_values(cfg: Config, runner: Runner, loops: tuple[str, ...]) -> Iterator[Finding]:
    """Whether the label files of the built loops have a foreground.

    Args:
        cfg: The config.
        runner: Its runner.
        loops: Such as ``('train', 'val')``.
    """
    for name in loops:
        loop = getattr(runner, f'{name}_loop')
        if loop is None:
            continue
        dataset = getattr(loop.dataloader.dataset, 'dataset', loop.dataloader.dataset)
        dataset = getattr(dataset, 'domains', {}).get('source', dataset)
        classes = (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()
        if len(classes) != 2 or not hasattr(dataset, 'get_data_info'):
            continue
        infos = [dataset.get_data_info(i) for i in evenly(len(dataset), FILES)]
        if infos and infos[0].get('label_map') and infos[0]['label_map'].get(IGNORED) in (0, 1):
            continue  # a table that gives 255 a class
        values = [found for info in infos if (found := _values(info.get('seg_map_path')))]
        if values and foreground_is_ignored(set().union(*values), classes):
            where = f'{name}_dataloader.dataset'
            yield Finding('error', 'labels', where, *advice(len(values), classes))


def foreground_is_ignored(values: Collection[int], classes: Sequence[str]) -> bool:
    """Whether labels of two classes hold 0 and 255 and nothing else."""
    return len(classes) == 2 and set(values) == {BACKGROUND, IGNORED}


def advice(count: int, classes: Sequence[str]) -> tuple[str, str]:
    """Fact and remedy."""
    return (
        f'the {count} label files that were read hold the values 0 and 255, and 255 is ignored: '
        f'no pixel would be {classes[1]!r}; did you mean 0 and 1?',
        'replace 255 by 1 in the label files',
    )


def _values(path: str | None) -> set[int]:
    """Values of a single-channel label file; nothing for others, which are reported elsewhere."""
    if not path:
        return set()
    try:
        with Image.open(path) as image:
            if image.mode not in ('L', 'P', '1'):
                return set()
            return set(np.unique(np.array(image).astype(np.uint8)).tolist())
    except OSError:
        return set()
