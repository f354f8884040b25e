"""Lists of images, in the forms in which they are published."""

import re
from collections.abc import Callable, Iterator, Sequence

Stems = Callable[[str], list[str]]


def find_listed(lines: Sequence[str], by_stem: dict[str, str], stems_of: Stems) -> list[str | None]:
    """The image that each line of a list names; None if there is none.

    A line is the path of an image, with or without suffix, possibly with folders of another
    machine before it or without its own folder, and with the label behind it.

    Args:
        lines: Not empty.
        by_stem: Images by their path without suffix.
        stems_of: What an image may be called that a list names by a word, likeliest first.
    """
    by_name: dict[str, str | None] = {}
    for stem, image in by_stem.items():
        name = stem.rpartition('/')[2]
        by_name[name] = None if name in by_name else image  # None: in several folders
    return [_find(_stems(line, stems_of), by_stem, by_name) for line in lines]


def _stems(line: str, stems_of: Stems) -> Iterator[str]:
    """Of the whole line, which may have spaces, then of its first word."""
    for word in (line, *re.split(r'[\s,;]+', line)[:1]):
        yield from stems_of(word)


def _find(
    stems: Iterator[str], by_stem: dict[str, str], by_name: dict[str, str | None]
) -> str | None:
    for stem in stems:
        parts = stem.split('/')
        tails = ('/'.join(parts[start:]) for start in range(len(parts)))
        found = next((by_stem[tail] for tail in tails if tail in by_stem), by_name.get(parts[-1]))
        if found is not None:
            return found
    return None
