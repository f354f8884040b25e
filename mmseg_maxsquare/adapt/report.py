"""The report of an adaptation: one HTML file that needs nothing else, not even a network."""

import base64
import hashlib
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..engine.atomic_files import AtomicBackend
from .report_charts import charts_of, kinds_of, table_of
from .report_indicators import as_number, percent, points_between, unbroken
from .report_pictures import Pictures, css_colour, encode, heat_scale
from .words import scored_images

HERE = Path(__file__).parent
TEMPLATE, STYLE, SCRIPT = 'report.html.j2', 'report.css', 'report.js'
PICTURES_LIMIT = 9_000_000  # characters of all pictures
# How a verdict looks; one that is not listed looks like the second.
LOOKS = {
    'adapted, likely better': 'better',
    'unclear, source model kept': 'unclear',
    'collapse, source model kept': 'collapse',
}
FILLS = ('hatched', 'solid', 'dotted')  # bars of the models


@dataclass(frozen=True)
class Example:
    """An image with the outputs of the source model and a second one, usually the adapted model.

    Attributes:
        name: Path relative to the folder of the target images.
        why: ``changed most``, ``random``, or nothing if the models are the same.
        photo: uint8 RGB ``(H, W, 3)`` in the size in which it is shown.
        before: Labels of the source model, uint8 ``(H, W)``.
        after: Labels of the second model, likewise.
        confidence_before: Highest probability of the source model, ``(H, W)`` in [0, 1].
        confidence_after: Likewise of the second model.
        changed: Share of pixels whose label differs.
    """

    name: str
    why: str
    photo: np.ndarray
    before: np.ndarray
    after: np.ndarray
    confidence_before: np.ndarray
    confidence_after: np.ndarray
    changed: float


@dataclass(frozen=True)
class Report:
    """What a report shows.

    Attributes:
        verdict: ``adapted, likely better``, ``unclear, source model kept`` or
            ``collapse, source model kept``.
        sentence: The verdict in one sentence.
        reasons: The indicators that decided it, a sentence each.
        record: How often this verdict was right, in a sentence.
        classes: Names.
        palette: RGB of each class, 0-255.
        examples: Images that were looked at; may be empty.
        shares: Class shares in [0, 1] by the name of the model, the source model first.
        indicators: ``name``, ``step`` and values of each candidate, in their order.
        chosen: Name of the candidate that was chosen.
        facts: What was run.
        command: How to use the adapted model.
        scores: mIoU in percent, ``before`` and ``after``, if there were labels to measure it;
            ``rejected`` if the source model is kept; how many ``images`` were scored, and how
            many of them ``trained`` on.
        title: Of the pictures.
        second: The model that the pictures compare with the source model.
        note: What else to know about it.
        trained_on: Whether the images that were looked at were also trained on.
    """

    verdict: str
    sentence: str
    reasons: list[str]
    record: str
    classes: list[str]
    palette: list[list[int]]
    examples: list[Example]
    shares: dict[str, list[float]]
    indicators: list[dict[str, float | str]]
    chosen: str
    facts: dict[str, str]
    command: str
    scores: dict[str, float] | None = None
    title: str = 'Before and after'
    second: str = 'adapted model'
    note: str = ''
    trained_on: bool = False


@dataclass(frozen=True)
class ExampleView:
    """An example as text and pictures."""

    name: str
    why: str
    changed: str
    pictures: Pictures
    mean_before: str
    mean_after: str
    most_before: str
    most_after: str


@dataclass(frozen=True)
class Bar:
    """A class share: its model, its text, its length in percent and how it is filled."""

    model: str
    text: str
    length: float
    fill: str


@dataclass(frozen=True)
class ShareLine:
    """The shares of a class."""

    name: str
    colour: str
    bars: list[Bar]
    change: str


def write_report(path: Path, content: Report) -> None:
    """Write a report as one HTML file, complete or not at all.

    Args:
        path: File to write.
        content: What it shows. Names may hold any character.

    Raises:
        ValueError: If the sizes of pictures, or the numbers of classes, colours and shares
            differ.
    """
    # A file name that is not UTF-8 is read as surrogates, which cannot be encoded.
    AtomicBackend().put(render(content).encode('utf-8', 'backslashreplace'), path)


def render(content: Report) -> str:
    """The HTML of a report."""
    script = f'\n{(HERE / SCRIPT).read_text(encoding="utf-8")}'
    colours = [css_colour(rgb) for rgb in content.palette]
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['unbroken'] = unbroken
    return environment.get_template(TEMPLATE).render(
        report=content,
        verdict=content.verdict[:1].upper() + content.verdict[1:],
        look=LOOKS.get(content.verdict, 'unclear'),
        style=(HERE / STYLE).read_text(encoding='utf-8'),
        script=script,
        script_hash=_hash(script),
        classes=list(zip(content.classes, colours, strict=True)),
        examples=[_example(example, content) for example in content.examples],
        heat_scale=heat_scale(),
        models=list(zip(content.shares, map(_fill, range(len(content.shares))), strict=True)),
        shares=_share_lines(content, colours),
        charts=charts_of(content.indicators, content.chosen),
        kinds=kinds_of(content.indicators),
        table=table_of(content.indicators),
        scores=_scores(content.scores),
    )


def _hash(script: str) -> str:
    """For the Content-Security-Policy: only this script may run."""
    return base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')


def _example(example: Example, content: Report) -> ExampleView:
    confidences = (example.confidence_before, example.confidence_after)
    means = [percent(float(each.mean())) for each in confidences]
    labels = (example.before, example.after)
    limit = PICTURES_LIMIT // len(content.examples)
    most = [_most_frequent(each, content.classes) for each in labels]
    return ExampleView(
        name=example.name,
        why=example.why,
        changed=percent(example.changed),
        pictures=encode(example.photo, labels, confidences, content.palette, limit),
        mean_before=means[0],
        mean_after=means[1],
        most_before=most[0],
        most_after=most[1],
    )


def _most_frequent(labels: np.ndarray, classes: list[str], count: int = 3) -> str:
    """The most frequent classes of a label map with their shares."""
    found, pixels = np.unique(labels, return_counts=True)
    order = [index for index in np.argsort(-pixels, kind='stable') if found[index] < len(classes)]
    return ', '.join(
        f'{classes[found[index]]} {percent(pixels[index] / labels.size, 0)}'
        for index in order[:count]
    )


def _fill(number: int) -> str:
    return FILLS[number % len(FILLS)]


def _share_lines(content: Report, colours: list[str]) -> list[ShareLine]:
    """Classes by their share in the first model, the largest first."""
    shares = {model: [as_number(v) for v in values] for model, values in content.shares.items()}
    numbers = [value for values in shares.values() for value in values if not math.isnan(value)]
    longest = max(numbers, default=0) or 1.0
    lines: list[tuple[float, ShareLine]] = []
    for name, colour, *values in zip(content.classes, colours, *shares.values(), strict=True):
        bars = [
            Bar(model, percent(value), 100 * max(0.0, value) / longest, _fill(number))
            for number, (model, value) in enumerate(zip(shares, values, strict=True))
        ]
        change = points_between(values[0], values[-1]) if len(values) > 1 else ''
        first = 0.0 if not values or math.isnan(values[0]) else values[0]
        lines.append((first, ShareLine(name, colour, bars, change)))
    lines.sort(key=lambda line: -line[0])  # stable: equal ones stay in the order of the classes
    return [line for _, line in lines] if shares else []


def _scores(scores: dict[str, float] | None) -> dict[str, str] | None:
    """Measured scores as text."""
    if scores is None:
        return None
    second = 'rejected' if 'rejected' in scores else 'after'
    before, after = (as_number(scores.get(key)) / 100 for key in ('before', second))
    return dict(
        before=percent(before),
        after=percent(after),
        difference=points_between(before, after),
        images=scored_images(scores),
    )
