"""Converts the Sphinx markup of our docstrings to Markdown for mkdocstrings.

A role such as ``:class:`UDADataset` `` becomes a link if the site documents the object;
a formula becomes MathML, which browsers render without a script.
"""

import re

import griffe
from latex2mathml.converter import convert

ROLE = re.compile(r':(?:class|func|meth|data|mod):`~?([\w.]+)`')
MATH = re.compile(r'^( *)\.\. math:: (.+)$', re.M)
PACKAGE = 'mmseg_maxsquare'


class SphinxToMarkdown(griffe.Extension):
    """Rewrites the docstrings before they are parsed."""

    def on_package(self, *, pkg: griffe.Module, **kwargs) -> None:
        """Called after the package is loaded."""
        paths: dict[str, str] = {}
        objects = list(_objects(pkg))
        for item in objects:
            paths.setdefault(item.name, item.path)
        for item in objects:
            if item.docstring is not None:
                item.docstring.value = to_markdown(item.docstring.value, item, paths)


def to_markdown(text: str, item: griffe.Object, paths: dict[str, str]) -> str:
    """A docstring without Sphinx's markup.

    Args:
        text: The docstring.
        item: The documented object: its own members and module take precedence.
        paths: Full path of every object of the package by its short name.
    """

    def link(match: re.Match) -> str:
        name, short = match[1], match[1].rpartition('.')[2]
        near = (scope.members.get(short) for scope in (item, item.module))
        own = next((member.path for member in near if member and not member.is_alias), None)
        path = name if name.startswith(PACKAGE) else own or paths.get(short)
        if path is None:  # of another package
            return f'`{name}`'
        return f'<autoref identifier="{path}" optional><code>{short}</code></autoref>'

    def formula(match: re.Match) -> str:
        return match[1] + convert(match[2], display='block')

    return MATH.sub(formula, ROLE.sub(link, text))


def _objects(item: griffe.Object) -> list[griffe.Object]:
    """An object and all that it contains, without imported names."""
    own = [member for member in item.members.values() if not member.is_alias]
    return [item, *(inner for member in own for inner in _objects(member))]
