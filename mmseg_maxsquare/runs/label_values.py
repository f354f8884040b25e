"""Label files that do not fit, or have values that are no classes, as masks of 0 and 255."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from mmengine.runner import Runner
from PIL import Image
from torch.utils.data import Dataset

from .findings import Finding
from .image_sizes import evenly
from .label_files import MODES, check_label_files

FILES = 40  # label files that are looked at
BACKGROUND, IGNORED = 0, 255
NO_CLASS = 'take labels that have the classes of the data set'


def check_label_values(runner: Runner, loops: tuple[str, ...]) -> Iterator[Finding]:
    """Values of label files that the losses would not understand.

    Args:
        runner: Its loops are built.
        loops: Such as ``('train', 'val')``.
    """
    for name in loops:
        loop = getattr(runner, f'{name}_loop')
        if loop is None:
            continue
        dataset = getattr(loop.dataloader.dataset, 'dataset', loop.dataloader.dataset)
        dataset = getattr(dataset, 'domains', {}).get('source', dataset)
        for part in _leaves(dataset):
            yield from _check(f'{name}_dataloader.dataset', part)


def _leaves(dataset: Dataset) -> Iterator[Dataset]:
    """The data sets inside wrappers."""
    inner = getattr(dataset, 'datasets', None) or [getattr(dataset, 'dataset', None)]
    for part in inner:
        if part is not None:
            yield from _leaves(part)
    if inner == [None]:
        yield dataset


def _check(where: str, dataset: Dataset) -> Iterator[Finding]:
    classes = (getattr(dataset, 'metainfo', None) or {}).get('classes') or ()
    if not classes or not hasattr(dataset, 'get_data_info'):
        return
    fault = next(check_label_files(where, dataset), None)
    if fault is not None:
        yield fault
        return
    infos = [dataset.get_data_info(i) for i in evenly(len(dataset), FILES)]
    infos = [info for info in infos if info.get('seg_map_path')]
    # Our loader refuses ids that are not in the table by itself.
    table = next((info['label_map'] for info in infos if info.get('label_map')), None)
    values: dict[str, set[int]] = {}
    for path in (info['seg_map_path'] for info in infos):
        if found := _values(path):
            values[path] = found
        if table and len(classes) > 2 and _classes_in(found, table):
            return
    every = set().union(*values.values())
    if values and foreground_is_ignored(every, classes) and _keeps_indices(table):
        yield Finding('error', 'labels', where, *advice(len(values), classes))
    elif values and not _classes_in(every, table):
        what = f'all pixels of the {len(values)} label files that were read are ignored'
        yield Finding('error', 'labels', where, what, NO_CLASS)
    elif not table:
        yield from _unknown(where, values, _highest(dataset, classes))


def _classes_in(values: Collection[int], table: dict[int, int] | None) -> set[int]:
    """Classes that the values of label files mean."""
    return {(table or {}).get(value, value) for value in values} - {IGNORED}


def _keeps_indices(table: dict[int, int] | None) -> bool:
    return not table or (table.get(BACKGROUND), table.get(IGNORED)) == (BACKGROUND, IGNORED)


def _unknown(where: str, values: dict[str, set[int]], highest: int) -> Iterator[Finding]:
    """The first label file with values that are no class."""
    for path, found in values.items():
        others = sorted(value for value in found if highest < value != IGNORED)
        if others:
            what = (
                f'label file {path} holds the values {others[:5]}; classes are 0 to {highest}, '
                f'and {IGNORED} is ignored'
            )
            remedy = 'correct the label files, or the classes of the data set'
            yield Finding('error', 'labels', where, what, remedy)
            return


def _highest(dataset: Dataset, classes: Sequence[str]) -> int:
    """The largest value of a class in the files."""
    own = (getattr(type(dataset), 'METAINFO', None) or {}).get('classes') or ()
    reduced = bool(getattr(dataset, 'reduce_zero_label', False))
    return max(len(classes), len(own)) - 1 + reduced


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
            if image.mode not in MODES:
                return set()
            # Not cut to 8 bits, as mmseg's loader does: 256 would become class 0.
            return set(np.unique(np.array(image).astype(np.int64)).tolist())
    except OSError:
        return set()
