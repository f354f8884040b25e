"""Reads the command line and runs the subcommand."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence

from mmseg_maxsquare.shipped import nearest
from mmseg_maxsquare.stack import require_stack

from . import (
    adapt,
    check,
    configs,
    convert,
    curves,
    demo,
    figure,
    gradient_share,
    panels,
    parity,
    predict,
    strength,
    study,
    table,
    test,
    train,
)

COMMANDS = {
    'train': train,
    'test': test,
    'adapt': adapt,
    'predict': predict,
    'check': check,
    'table': table,
    'study': study,
    'figure': figure,
    'panels': panels,
    'curves': curves,
    'strength': strength,
    'gradient-share': gradient_share,
    'convert': convert,
    'parity': parity,
    'demo': demo,
    'configs': configs,
}
STACK = ('mmcv', 'mmengine', 'mmseg')
NEEDS_NO_STACK = ('configs',)
# What goes on after Ctrl-C; adapt and predict name the whole command themselves.
GOES_ON = {
    'train': '; the same command with --resume goes on',
    'table': '; the same command goes on',
    'study': '; the same command goes on',
}
PROG = 'mmseg-maxsquare'


def main(argv: Sequence[str] | None = None) -> None:
    """Run a command line.

    Args:
        argv: Arguments after the program's name. Defaults to those of the process.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    parser = build_parser()
    if words and not words[0].startswith('-') and words[0] not in COMMANDS:
        near = nearest(words[0], list(COMMANDS)) or list(COMMANDS)
        sys.exit(
            f'error: no command {words[0]}; the nearest: {", ".join(near)} (see {PROG} --help)'
        )
    if not words:
        parser.print_help()
        return
    args = parser.parse_args(words)
    if words[0] not in NEEDS_NO_STACK:
        try:
            require_stack()
        except ImportError as error:
            sys.exit(f'error: {error}')
    if not getattr(args, 'verbose', False):
        ignore_warnings_of_the_stack()
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader has enough, as in: mmseg-maxsquare configs | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        print(f'\nstopped{GOES_ON.get(words[0], "")}', file=sys.stderr)
        sys.exit(130)


def ignore_warnings_of_the_stack() -> None:
    """Hide warnings between the libraries, which a user cannot act on."""
    warnings.filterwarnings('ignore', message='Grad strides do not match')
    for package in STACK:
        warnings.filterwarnings('ignore', category=UserWarning, module=rf'{package}(\.|$)')
        warnings.filterwarnings('ignore', category=FutureWarning, module=rf'{package}(\.|$)')


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog=PROG, description='Unsupervised domain adaptation for MMSegmentation.'
    )
    commands = parser.add_subparsers(metavar='COMMAND', required=True)
    for name, module in COMMANDS.items():
        description = (module.__doc__ or '').strip()
        child = commands.add_parser(
            name,
            help=description.splitlines()[0].removesuffix('.'),
            description=description,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(child)
        child.set_defaults(run=module.run)
    return parser
