"""docs/errors.md has every message of ``adapt`` and ``predict``, taken from their source."""

import ast
import re
from collections.abc import Iterator

from tests.helpers import REPO
from tests.test_runs.test_errors import pattern

PAGE = (REPO / 'docs/errors.md').read_text(encoding='utf-8')
SECTION = PAGE.partition('\n## Adapt and predict\n')[2].partition('\n## ')[0]
ROWS = re.findall(r'^\| `(.+?)` \| .*\|$', SECTION, re.M)
# Errors of the report's own parts, which no user input causes.
INTERNAL = ('photo, labels and confidences differ',)


def text_of(node: ast.expr) -> str | None:
    """A message with ``<value>`` for what it fills in; None if it is no literal text."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = (
            part.value if isinstance(part, ast.Constant) else '<value>' for part in node.values
        )
        return ''.join(parts)
    return None


def messages() -> Iterator[str]:
    """Texts of all errors that the room raises; those that only pass another on are left out."""
    for path in sorted((REPO / 'mmseg_maxsquare/adapt').glob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            name = getattr(getattr(node, 'func', None), 'id', '')
            if name not in ('ValueError', 'fail') or not node.args:
                continue
            text = text_of(node.args[0])
            own = re.sub(r'<value>|--?[\w-]+:', '', text or '')
            if len(own.split()) > 2 and not text.startswith(INTERNAL):
                yield text


def test_page_and_source_have_the_same_messages() -> None:
    found = list(messages())
    assert len(found) > 25
    for text in found:
        assert any(re.fullmatch(pattern(row), text) for row in ROWS), text
    for row in ROWS:
        assert any(re.fullmatch(pattern(row), text) for text in found), row
