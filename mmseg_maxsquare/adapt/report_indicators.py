"""What each indicator is, for the reader of a report; their values as text."""

import math
import re
from dataclasses import dataclass

MISSING = '–'  # noqa: RUF001
MINUS = '−'  # noqa: RUF001
UNIT = '\N{NO-BREAK SPACE}%'
Value = float | str | None


@dataclass(frozen=True)
class Indicator:
    """How an indicator is shown.

    Attributes:
        title: Short name.
        about: What it is, in a sentence or two.
        direction: Which direction is good.
        percent: Whether its values are shares in [0, 1].
    """

    title: str
    about: str
    direction: str
    percent: bool = False

    def text(self, value: Value) -> str:
        """A value as text; a dash for a missing one."""
        number = as_number(value)
        if math.isnan(number):
            return MISSING
        if self.percent:
            return percent(number)
        return significant(number)


HIGHER = 'Higher is better'
LOWER = 'Lower is better'
INDICATORS = dict(
    confidence=Indicator(
        'Confidence',
        'Mean probability of the predicted class. It rises when a model gets better, '
        'but also when it collapses: read it together with the class shares.',
        'Higher means surer',
        percent=True,
    ),
    entropy=Indicator(
        'Entropy',
        'How evenly the probability of a pixel is spread over the classes: '
        '0 is certain, 1 is a pure guess. It also falls in a collapse.',
        'Lower means surer',
    ),
    density=Indicator(
        'Neighbourhood density',
        'How closely the predictions of the pixels of an image lie together, in nats.',
        HIGHER,
    ),
    share_divergence=Indicator(
        'Drift of class shares',
        'How far the class shares have moved away from those of the source model '
        '(KL divergence in nats). 0 is unchanged; a steep rise warns of a collapse.',
        'Near 0 is safe',
    ),
    disagreement=Indicator(
        'Changed labels',
        'Share of pixels whose label differs from that of the source model. '
        'It says how far the model has moved, not whether that is better.',
        'No good or bad direction',
        percent=True,
    ),
    mirror=Indicator(
        'Same label in the mirror',
        'Share of pixels that keep their label when the photograph is mirrored.',
        HIGHER,
        percent=True,
    ),
    scale=Indicator(
        'Same label at a smaller size',
        'Share of pixels that keep their label when the photograph is shown at three quarters '
        'of its size.',
        HIGHER,
        percent=True,
    ),
    blur=Indicator(
        'Same label when blurred',
        'Share of pixels that keep their label when the photograph is slightly blurred.',
        HIGHER,
        percent=True,
    ),
    information=Indicator(
        'Information',
        'Entropy of the pixels minus entropy of the mean prediction, from −1 to 0. '  # noqa: RUF001
        'It is low when each pixel is certain and all classes still occur.',
        LOWER,
    ),
    retained=Indicator(
        'Least retained class',
        'For the class that shrank most: its share divided by its share before. '
        '1 is unchanged; near 0, a class is lost.',
        'Near 0 is a warning',
    ),
    top_share=Indicator(
        'Largest class',
        'Share of the pixels for which the most frequent class is the most probable one. It '
        'nears 100 % when a model collapses to one class.',
        'A steep rise is a warning',
        percent=True,
    ),
    oracle_mIoU=Indicator(
        'mIoU, with labels',
        'Measured with labels, in percent. It has no influence on the verdict.',
        HIGHER,
    ),
)


def describe(key: str) -> Indicator:
    """How an indicator is shown; one that is not known has only a title."""
    return INDICATORS.get(key) or Indicator(key.replace('_', ' '), '', '')


def as_number(value: Value) -> float:
    """A finite number, or NaN for anything else."""
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def percent(share: float, digits: int = 1) -> str:
    """A share in [0, 1] in percent; a dash for NaN."""
    return MISSING if math.isnan(share) else _signed(100 * share, f'.{digits}f') + UNIT


def points(difference: float, digits: int = 1) -> str:
    """A difference of percentages, with its sign; a dash for NaN."""
    if math.isnan(difference):
        return MISSING
    text = f'{difference:+.{digits}f}'
    return text[1:] if float(text) == 0 else text.replace('-', MINUS)


def points_between(before: float, after: float, digits: int = 1) -> str:
    """The difference of two shares in points, as they are shown by :func:`percent`."""
    if math.isnan(before) or math.isnan(after):
        return MISSING
    return points(round(100 * after, digits) - round(100 * before, digits), digits)


def significant(number: float) -> str:
    """A number with three significant digits, without an exponent where that is short."""
    if number == 0:
        return '0'
    exponent = math.floor(math.log10(abs(number)))
    if not -4 <= exponent < 6:
        return _signed(number, '.2e')
    return _signed(number, f'.{max(0, 2 - exponent)}f')


def unbroken(text: str) -> str:
    """A text with no line break before a percent sign, and with minus signs."""
    return re.sub(r'(?<!\S)-(?=\d)', MINUS, text.replace(' %', UNIT))


def _signed(number: float, spec: str) -> str:
    text = f'{number:{spec}}'
    return (text[1:] if float(text) == 0 and text[0] == '-' else text).replace('-', MINUS)
