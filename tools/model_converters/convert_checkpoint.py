"""Convert a checkpoint: python tools/model_converters/convert_checkpoint.py SRC DST --to mmseg

From a checkpoint of the authors' released network, or AdaptSegNet's ImageNet initialisation
(backbone only), to this package's key names; back with --to released or --to adaptsegnet.
Every tensor must be there and of the right shape, and nothing in a file is executed.
"""

import argparse
import re
import sys
from pathlib import Path

from torch import Tensor

from mmseg_maxsquare.datasets.cityscapes import CLASSES, PALETTE

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from checkpoint_files import (
    class_count,
    read_weights,
    refuse_existing,
    tensors_by_name,
    write_new,
)
from key_names import DILATIONS, SLOTS, completed, key_of, recognise, rename, select
from launch import fail
from released_network import released_shapes


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', metavar='SRC', type=Path, help='checkpoint to read')
    parser.add_argument(
        'target', metavar='DST', type=Path, help='file to write; an existing one is refused'
    )
    parser.add_argument(
        '--to',
        required=True,
        choices=['mmseg', 'released', 'adaptsegnet'],
        help="key names of DST: this package's, the authors', or AdaptSegNet's (backbone only)",
    )
    parser.add_argument(
        '--classifiers',
        type=int,
        choices=sorted(DILATIONS),
        default=2,
        help="classifiers per level in this package's model: 2 (default) for dilations=(6, 12), "
        'all that the released code ever uses, whatever its files hold; 4 for '
        'dilations=(6, 12, 18, 24), to exchange with code that sums all four',
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    try:
        left_out, zeros = convert(args.source, args.target, args.to, args.classifiers)
    except ValueError as error:
        fail(str(error))
    print(f'{args.target}: written')
    for what, keys in (('left out of', left_out), ('filled with zeros in', zeros)):
        if keys:
            more = ', ...' if len(keys) > 4 else ''
            name = args.source if keys is left_out else args.target
            print(f'{len(keys)} tensors {what} {name}: {", ".join(keys[:4])}{more}')


def convert(
    source: Path, target: Path, to: str, classifiers: int = 2
) -> tuple[list[str], list[str]]:
    """Write a checkpoint under other key names.

    Args:
        source: Checkpoint to read.
        target: File to write; must not exist.
        to: ``'mmseg'``, ``'released'`` or ``'adaptsegnet'``.
        classifiers: Classifiers per level in our checkpoint, 2 or 4. Defaults to
            2, which are all that the released code uses of its four.

    Returns:
        Keys of the source that were left out, keys of the target filled with zeros.

    Raises:
        ValueError: If the source cannot be read, is of another network or
            incomplete, or the target exists or cannot be written.
    """
    refuse_existing(target)
    raw = read_weights(source)
    form, prefix = recognise(raw)
    _check_direction(source, form, to)
    held, written = (SLOTS, classifiers) if to == 'mmseg' else (classifiers, SLOTS)
    if 'adaptsegnet' in (form, to):
        held = written = 0
    elif to == 'released':
        _check_count(source, raw, classifiers)
    state = tensors_by_name(source, raw, held)
    shapes = select(released_shapes(class_count(raw)), written)
    result = rename(completed(state, shapes), to)
    write_new(target, _packed(result, to, source.name), legacy=to != 'mmseg')
    used = {key_of(name, form, prefix) for name in shapes}
    zeros = [key_of(name, to) for name in shapes if name not in state]
    return [key for key in raw if key not in used], zeros


def _check_direction(source: Path, form: str, to: str) -> None:
    if form == to == 'mmseg':
        raise ValueError(
            f'{source} has keys as mmseg models have them already (backbone.*); '
            "--to mmseg reads the authors' and AdaptSegNet's"
        )
    if form != 'mmseg' and to != 'mmseg':
        raise ValueError(
            f'{source} has no keys as mmseg models have them (backbone.*), which --to {to} reads; '
            "--to mmseg reads the authors' and AdaptSegNet's"
        )


def _check_count(source: Path, raw: dict[str, Tensor], classifiers: int) -> None:
    """Refuse a number of classifiers that would change what the model predicts."""
    found = sum(bool(re.fullmatch(r'decode_head\.classifiers\.\d+\.weight', key)) for key in raw)
    if found in (0, classifiers):
        return
    remedy = {
        2: 'add --classifiers 2',
        4: 'add --classifiers 4 if the code that will read it sums all four; the released code '
        'uses the first two and would predict something else',
    }.get(found, 'the released network has a place for dilations (6, 12) or (6, 12, 18, 24) only')
    raise ValueError(
        f'{source} has {found} classifiers per level, not {classifiers} (--classifiers): {remedy}'
    )


def _packed(state: dict[str, Tensor], to: str, source: str) -> dict:
    """A checkpoint as the readers of the format expect it."""
    if to == 'adaptsegnet':
        return state
    if to == 'released':
        return dict(state_dict=state)
    meta = dict(converted_from=source)
    bias = state.get('decode_head.classifiers.0.bias')
    if bias is not None and bias.numel() == len(CLASSES):
        meta['dataset_meta'] = dict(classes=CLASSES, palette=PALETTE)
    return dict(state_dict=state, meta=meta)


if __name__ == '__main__':
    main()
