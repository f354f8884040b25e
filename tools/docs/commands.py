"""The command reference as Markdown, generated from the argument parser."""

import argparse
import html
import re
from collections.abc import Iterator

from mmseg_maxsquare.cli.main import COMMANDS, build_parser


def commands_markdown() -> str:
    """All commands with their arguments."""
    parsers = subparsers(build_parser())
    return '\n\n'.join(part for name in COMMANDS for part in describe(name, parsers[name]))


def describe(name: str, parser: argparse.ArgumentParser, level: int = 2) -> Iterator[str]:
    """A command: description, usage, arguments, then its subcommands."""
    yield f'{"#" * level} {name}'
    about, _, examples = (parser.description or '').partition('As in: ')
    yield re.sub(r'^(\d)  ', r'- **\1** ', html.escape(about.strip(), quote=False), flags=re.M)
    children = subparsers(parser)
    if not children:
        yield f'```text\n{usage(parser)}\n```'
        rows = [row(action) for action in parser._actions if action.dest != 'help']
        yield '\n'.join(['| argument | meaning |', '|---|---|', *rows])
    if examples:
        lines = [line.strip() for line in examples.strip().splitlines()]
        yield 'For example:'
        yield '\n'.join(['```bash', *lines, '```'])
    for child, own in children.items():
        yield from describe(f'{name} {child}', own, level + 1)


def usage(parser: argparse.ArgumentParser) -> str:
    """The command with its required arguments; the options are in the table."""
    words = [parser.prog, '[options]']
    for action in parser._actions:
        if not action.option_strings:
            words.append(parser._get_formatter()._format_args(action, action.metavar))
        elif action.required:
            words += [action.option_strings[-1], values(action)]
    return ' '.join(words)


def row(action: argparse.Action) -> str:
    """A row of the table of arguments."""
    names = ', '.join(f'`{option}`' for option in action.option_strings)
    taken = values(action)
    if not action.option_strings:
        names, taken = f'`{action.metavar}`', ''
    text = (action.help or '').replace('%(default)s', str(action.default))
    cell = html.escape(text, quote=False).replace('|', '\\|')
    return f'| {names}{f" `{taken}`" if taken else ""} | {cell} |'.replace('``', '`')


def values(action: argparse.Action) -> str:
    """The values of an option, written as in ``--help``."""
    if action.nargs == 0:
        return ''
    if action.choices:
        name = '{' + ','.join(map(str, action.choices)) + '}'
    else:
        name = action.metavar or action.dest.upper()
    if isinstance(name, tuple):
        return ' '.join(name)
    if isinstance(action.nargs, int):
        return ' '.join([name] * action.nargs)
    return {'+': f'{name} ...', '?': f'[{name}]', '*': f'[{name} ...]'}.get(action.nargs, name)


def subparsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Subcommands by name."""
    kinds = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return next((dict(kind.choices) for kind in kinds), {})
