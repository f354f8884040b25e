"""List the shipped configs, or copy one for editing.

As in: mmseg-maxsquare configs camvid
       mmseg-maxsquare configs --copy maxsquare/gta2cs.py my_configs
"""

import argparse
import sys
from pathlib import Path

from mmseg_maxsquare.shipped import config_names, copy_config, describe, nearest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument(
        'pattern', nargs='?', metavar='PATTERN', help='list those whose name contains it'
    )
    parser.add_argument(
        '--copy',
        nargs=2,
        metavar=('NAME', 'DIR'),
        help='copy a config and the bases that it inherits from into a folder',
    )


def run(args: argparse.Namespace) -> None:
    """Run the command."""
    if args.copy:
        if args.pattern:
            sys.exit('error: PATTERN lists configs and --copy copies one; leave one out')
        _copy(*args.copy)
        return
    names = config_names(args.pattern or '')
    if not names:
        near = nearest(args.pattern, [Path(name).stem for name in config_names()])
        meant = f'; the nearest: {", ".join(near)}' if near else ''
        sys.exit(f'error: no shipped config has {args.pattern!r} in its name{meant}')
    width = max(map(len, names))
    for name in names:
        print(f'{name:{width}}  {describe(name)}')


def _copy(name: str, folder: str) -> None:
    try:
        files = copy_config(name, Path(folder))
    except (ValueError, OSError) as error:
        sys.exit(f'error: {error}')
    print('\n'.join(map(str, files)))
