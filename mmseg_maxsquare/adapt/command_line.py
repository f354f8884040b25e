"""Command lines to copy: quoted for a shell."""

import shlex
import sys
from collections.abc import Sequence

PROGRAM = 'mmseg-maxsquare'


def command_line(words: Sequence[object]) -> str:
    """A command line of the program."""
    return shlex.join([PROGRAM, *map(str, words)])


def again(*options: str) -> str:
    """The command line of this process, with more options unless it has them."""
    words = sys.argv[1:]
    return command_line([*words, *(option for option in options if option not in words)])
