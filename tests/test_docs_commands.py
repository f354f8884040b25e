"""Every command line in the README and the pages is one that the parser takes."""

import argparse
import re
import shlex
from pathlib import Path

import pytest

from mmseg_maxsquare.analysis.tables import load_table
from mmseg_maxsquare.cli.main import COMMANDS, build_parser
from mmseg_maxsquare.shipped import find_config

from tests.helpers import REPO

PAGES = [REPO / 'README.md', REPO / 'CONTRIBUTING.md', *sorted((REPO / 'docs').rglob('*.md'))]
SHIPPED = re.compile(r'(source_only|minent|maxsquare)/')
# Scripts of a clone, and how many words come before and behind the config (and checkpoint).
SCRIPTS = {
    'dist_train': ('train', 0, 1),
    'dist_test': ('test', 0, 1),
    'slurm_train': ('train', 2, 0),
    'slurm_test': ('test', 2, 0),
}


def command_lines(text: str) -> tuple[list[str], list[str]]:
    """Lines in blocks of shell, those that go on put together, and code inside sentences."""
    text = text.replace('\\\n', ' ')
    shell = re.findall(r'^```bash\n(.*?)^```', text, flags=re.S | re.M)
    prose = re.sub(r'^```.*?^```', '', text, flags=re.S | re.M)
    inline = [' '.join(code.split()) for code in re.findall(r'`([^`]+)`', prose)]
    return [line for block in shell for line in block.splitlines()], inline


def words_of(line: str) -> list[str] | None:
    """Words behind the program in a line, None if it runs another one."""
    end = r'((?:[^&;|#`"]|"[^"]*")*)'
    ours = re.search(rf'(?:mmseg-maxsquare|-m mmseg_maxsquare)\b{end}', line)
    if ours:
        return shlex.split(re.sub(r'\$\w+', '0', ours[1]))
    script = re.search(rf'tools/({"|".join(SCRIPTS)})\.sh {end}', line)
    if script is None:
        return None
    command, before, behind = SCRIPTS[script[1]]
    words = shlex.split(script[2])[before:]
    files = 1 if command == 'train' else 2
    return [command, *words[:files], *words[files + behind :]]


def parse(words: list[str], whole: bool = True) -> argparse.Namespace | None:
    """The arguments, None for ``--help``.

    Args:
        words: Behind the program.
        whole: Whether arguments may not be left out, as in the middle of a sentence.

    Raises:
        ValueError: Says why the parser does not take the line.
    """

    def error(parser: argparse.ArgumentParser, message: str) -> None:
        raise ValueError(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(argparse.ArgumentParser, 'error', error)
        try:
            return build_parser().parse_args(words)
        except SystemExit:
            return None
        except ValueError as reason:
            if not whole and str(reason).startswith('the following arguments are required'):
                return None
            raise


def check_names(args: argparse.Namespace) -> None:
    """Shipped configs, tables and files that a command names exist."""
    named = [getattr(args, 'config', ''), *(getattr(args, 'copy', None) or ())[:1]]
    for config in filter(SHIPPED.match, named):
        find_config(config)
    for table in getattr(args, 'names', ()):
        if table.islower() and not table.endswith('.py'):
            load_table(table)
    if getattr(args, 'overlay', None):
        assert (REPO / args.overlay).is_file()


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.stem)
def test_commands_are_parsed(page: Path, capsys: pytest.CaptureFixture) -> None:
    shell, inline = command_lines(page.read_text(encoding='utf-8'))
    for line in [*shell, *inline]:
        words = words_of(line)
        if not words or words[0] == 'COMMAND':
            continue
        args = parse(words, whole=line in shell)
        if args is not None:
            check_names(args)


def test_examples_of_the_help() -> None:
    """Those in the descriptions of the commands."""
    parser = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    examples = [
        line
        for child in commands.choices.values()
        for line in child.description.partition('As in: ')[2].splitlines()
    ]
    assert len(examples) >= len(COMMANDS) - 1
    for line in examples:
        check_names(parse(words_of(line)))


@pytest.mark.parametrize(
    'line',
    [
        'mmseg-maxsquare train maxsquare/gta2cs.py --work-dirs a',
        'mmseg-maxsquare train',
        'for s in 0; do mmseg-maxsquare table 2 --seedz $s & done',
        'tools/dist_test.sh CONFIG CHECKPOINT 4 --resume',
        'python -m mmseg_maxsquare trian CONFIG  # a misspelt command',
    ],
)
def test_wrong_lines_are_found(line: str) -> None:
    with pytest.raises(ValueError, match=r'unrecognized|required|invalid choice'):
        parse(words_of(line))


@pytest.mark.parametrize('line', ['train maxsquare/gta2cs_wi.py', 'configs --copy minent/gta.py a'])
def test_wrong_names_are_found(line: str) -> None:
    with pytest.raises(ValueError, match='no shipped config'):
        check_names(parse(line.split()))
