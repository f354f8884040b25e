"""MkDocs hooks: the commands page, and links to files of the repository.

Loaded by mkdocs.yml. Needs neither PyTorch nor MMSegmentation.
"""

import os
import re
from pathlib import Path

from commands import commands_markdown  # this folder is on MkDocs' path while it loads hooks
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

REPO = Path(__file__).resolve().parents[2]
COMMANDS_MARK = '<!-- all commands -->'
# Any relative link upwards; links_out() selects those that leave docs/.
LINK = re.compile(r'\]\(((?:\.\./)+[\w./-]+)\)')
LANGUAGES = {'.py': 'python', '.sh': 'bash', '.md': 'markdown', '.yml': 'yaml'}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for every file of the repository that a page links to."""
    named = set()
    for file in files.documentation_pages():
        named |= {target for _, target in links_out(file.src_uri, file.content_string)}
    for name in sorted(named):
        if (REPO / name).is_file():  # MkDocs warns about the others
            files.append(source_page(name, config))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Redirect the links to these pages; fill in the commands."""
    here = os.path.dirname(page.file.src_uri)
    for link, target in links_out(page.file.src_uri, markdown):
        if (REPO / target).is_file():
            inside = os.path.relpath(f'source/{target}.md', here or '.')
            markdown = markdown.replace(f']({link})', f']({inside})')
    return markdown.replace(COMMANDS_MARK, commands_markdown())


def links_out(page: str, markdown: str) -> list[tuple[str, str]]:
    """Links from a page to files outside docs/, and their paths in the repository."""
    found = []
    for link in LINK.findall(markdown):
        target = os.path.normpath(os.path.join('docs', os.path.dirname(page), link))
        if not target.startswith('docs/'):
            found.append((link, target))
    return found


def source_page(name: str, config: MkDocsConfig) -> File:
    """A page outside the navigation and the search that shows a file."""
    text = (REPO / name).read_text(encoding='utf-8')
    language = LANGUAGES.get(Path(name).suffix, 'text')
    content = (
        f'---\ntitle: {name}\nsearch:\n  exclude: true\n---\n\n'
        f'# `{name}`\n\n````{language}\n{text}````\n'
    )
    return File.generated(
        config, f'source/{name}.md', content=content, inclusion=InclusionLevel.NOT_IN_NAV
    )
