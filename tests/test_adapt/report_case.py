"""A small report with made-up numbers, and a reader of its HTML."""

from html.parser import HTMLParser

import numpy as np

from mmseg_maxsquare.adapt.report import Example, Report

CLASSES = ['road', 'sky', 'traffic <light>']
PALETTE = [[128, 64, 128], [70, 130, 180], [250, 170, 30]]
NASTY = '<img src=x onerror=alert(1)>"\'&\udcff.png'
ROWS: list[dict[str, float | str]] = [
    dict(name='source', step=0, confidence=0.8, mirror=0.7, retained=1.0, density=5.25),
    dict(name='statistics', step=0, confidence=0.82, mirror=float('nan'), retained=0.9),
    dict(name='step 25', step=25, confidence=0.9, mirror=0.75, retained=0.8, density=5.5),
    dict(name='step 50', step=50, confidence=0.95, mirror=0.72, retained=0.2, density=5.75),
]
VOID = {'meta', 'link', 'img', 'input', 'br', 'wbr'}


def example(name: str = 'a/b.png', width: int = 96, height: int = 64) -> Example:
    """The left quarter changes from road to sky; the rest is sky, then road."""
    before = np.zeros((height, width), np.uint8)
    before[:, width // 2 :] = 1
    after = before.copy()
    after[:, : width // 4] = 1
    photo = np.linspace(0, 255, height * width * 3).reshape(height, width, 3).astype(np.uint8)
    low, high = np.full((height, width), 0.5), np.full((height, width), 0.75)
    return Example(name, 'changed most', photo, before, after, low, high, 0.25)


def report(**changes: object) -> Report:
    """A report; ``changes`` replaces fields."""
    fields: dict = dict(
        verdict='adapted, likely better',
        sentence='The adapted model is likely better.',
        reasons=['Predictions are steadier: 75 % instead of 70 %.'],
        record='In 41 of 45 cases of our study this verdict was right.',
        classes=CLASSES,
        palette=PALETTE,
        examples=[example(), example(NASTY)],
        shares={'source model': [0.25, 0.5, 0.002], 'adapted model': [0.125, 0.75, 0.0]},
        indicators=ROWS,
        chosen='step 25',
        facts={'Config': 'my_config.py', 'Seed': '0'},
        command='mmseg-maxsquare predict a.py "b c.pth" my/photos',
    )
    return Report(**{**fields, **changes})


def plain(text: str) -> str:
    """A text with spaces that may break."""
    return text.replace('\N{NO-BREAK SPACE}', ' ')


class Page(HTMLParser):
    """Elements and text of a page.

    Attributes:
        elements: Tag and attributes of each element.
        texts: Text of each element, with that of the elements in it, in the same order.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self._open: list[int] = []
        self.feed(html)
        assert not self._open, [self.elements[number] for number in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: plain(value or '') for key, value in attrs}))
        self.texts.append('')
        if tag not in VOID:
            self._open.append(len(self.elements) - 1)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        number = self._open.pop()
        assert self.elements[number][0] == tag, (self.elements[number], tag, self.getpos())

    def handle_data(self, data: str) -> None:
        for number in self._open:
            self.texts[number] += data

    def find(self, tag: str, **attributes: str) -> list[str]:
        """Texts of elements, with single spaces; ``class_`` is one of the classes."""
        return [
            ' '.join(text.split())
            for (name, attrs), text in zip(self.elements, self.texts, strict=True)
            if name == tag and _matches(attrs, attributes)
        ]

    def attributes(self, tag: str, **attributes: str) -> list[dict[str, str]]:
        """Attributes of elements."""
        return [
            attrs for name, attrs in self.elements if name == tag and _matches(attrs, attributes)
        ]


def _matches(attrs: dict[str, str], wanted: dict[str, str]) -> bool:
    classes = attrs.get('class', '').split()
    return all(
        value in classes if key == 'class_' else attrs.get(key) == value
        for key, value in wanted.items()
    )
