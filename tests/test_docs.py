"""The pages: links, files, navigation, and the site that is built from them."""

import ast
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mmseg_maxsquare.cli.main import COMMANDS

from tests.helpers import REPO
from tests.helpers.docs_code import code_of

PAGES = sorted((REPO / 'docs').rglob('*.md'))


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.stem)
def test_pages_are_readable(page: Path) -> None:
    """No line over 100 characters but tables and results; every block of code is closed."""
    text = page.read_text(encoding='utf-8')
    assert text.startswith('# ')
    assert text.count('```') % 2 == 0
    text = re.sub(r'<!-- results: .*?<!-- end -->', '', text, flags=re.DOTALL)
    text = re.sub(r'<!--.*?-->', '', text, flags=re.DOTALL)
    assert [line for line in text.splitlines() if len(line) > 100 and line[0] != '|'] == []


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.stem)
def test_values_do_not_end_their_paragraph(page: Path) -> None:
    """A comment at the beginning of a line does."""
    assert re.findall('^ *<!-- value.*', page.read_text(encoding='utf-8'), re.M) == []


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.stem)
def test_named_files_exist(page: Path) -> None:
    """Files of the repository, and pages that are linked."""
    text = page.read_text(encoding='utf-8')
    for path in re.findall(r'(?<![\w/])(?:configs|tools|docs|tests)/[\w./-]+\.\w+', text):
        assert (REPO / path).exists(), path
    for link in re.findall(r'\]\((?!http|#)([^)#]+)', text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize('page', PAGES, ids=lambda path: path.stem)
def test_code_is_python(page: Path) -> None:
    for code in code_of(page.read_text(encoding='utf-8'), 'python'):
        ast.parse(code)


def test_every_page_is_in_the_navigation() -> None:
    """Each once; MkDocs fails for names in it that are no pages."""
    named = re.findall(r'([\w/]+\.md)$', (REPO / 'mkdocs.yml').read_text(), flags=re.M)
    assert sorted(named) == sorted(str(page.relative_to(REPO / 'docs')) for page in PAGES)


def test_page_of_the_commands() -> None:
    """Filled in from the parser: every command, every option, its help."""
    markdown = runpy.run_path(str(REPO / 'tools/docs/commands.py'))['commands_markdown']()
    assert re.findall(r'^## (\S+)$', markdown, flags=re.M) == list(COMMANDS)
    assert re.findall(r'^### (.+)$', markdown, flags=re.M) == [f'figure {n}' for n in range(1, 6)]
    assert '| `--copy` `NAME DIR` | copy a config and the bases' in markdown
    assert '| `--amp` `[{float16,bfloat16}]` | automatic mixed precision' in markdown
    assert '(default: work_dirs/figures/curves.png)' in markdown
    assert 'mmseg-maxsquare convert [options] SRC DST --to {mmseg,released,adaptsegnet}' in markdown
    assert (
        '```bash\nmmseg-maxsquare table 2\nmmseg-maxsquare table --collect work_dirs\n```'
        in markdown
    )
    page = (REPO / 'docs/reference/commands.md').read_text(encoding='utf-8')
    assert page.count('<!-- all commands -->') == 1


@pytest.fixture(scope='module')
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as ``make docs`` does."""
    pytest.importorskip('mkdocs', reason='the extra "docs" is not installed')
    folder = tmp_path_factory.mktemp('site')
    command = [sys.executable, '-m', 'mkdocs', 'build', '--site-dir', folder]
    process = subprocess.run(command, cwd=REPO, capture_output=True, text=True)
    assert process.returncode == 0, process.stdout + process.stderr
    return folder


def test_site_needs_no_network(site: Path) -> None:
    """Scripts, styles, pictures and fonts are files of the site."""
    loads = re.compile(
        r'<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)="?((?:https?:)?//[^" >]+)'
    )
    for page in site.rglob('*.html'):
        assert loads.findall(page.read_text(encoding='utf-8')) == [], page
    for style in site.rglob('*.css'):
        assert not re.search(r'(?:url\(|@import)\s*["\']?(?:https?:)?//', style.read_text()), style


def test_site_shows_what_the_pages_stand_for(site: Path) -> None:
    """Commands, docstrings, formulas, sections of the README, files of the repository."""
    commands = (site / 'reference/commands/index.html').read_text(encoding='utf-8')
    assert '<code>--cfg-options</code> <code>FIELD=VALUE ...</code>' in commands
    losses = (site / 'reference/api/losses/index.html').read_text(encoding='utf-8')
    assert 'id="mmseg_maxsquare.losses.max_square_loss"' in losses and '<math' in losses
    assert ':func:' not in re.sub(r'<details.*?</details>', '', losses, flags=re.S)  # their source
    assert 'MaxSquare+IW+Multi' in (site / 'evidence/index.html').read_text(encoding='utf-8')
    assert 'UDASampler' in (site / 'guides/own_data/index.html').read_text(encoding='utf-8')
    extending = (site / 'guides/extending/index.html').read_text(encoding='utf-8')
    (link,) = set(re.findall(r'href="([^"]*source/configs/maxsquare/gta2cs.py/)"', extending))
    assert (site / 'guides/extending' / link / 'index.html').is_file()
