"""The report: its numbers, its pictures, its size; anything may be in a name."""

import base64
import io
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mmseg_maxsquare.adapt.report import Example, render, write_report
from mmseg_maxsquare.adapt.report_charts import BOTTOM, TOP, charts_of, nice_ticks, table_of
from mmseg_maxsquare.adapt.report_indicators import (
    INDICATORS,
    percent,
    points,
    points_between,
    significant,
    unbroken,
)
from mmseg_maxsquare.adapt.report_pictures import heat_scale
from mmseg_maxsquare.engine.held_out import VIEWS

from .report_case import CLASSES, NASTY, PALETTE, ROWS, Page, example, plain, report

DASH = '–'  # noqa: RUF001
LIMIT = 10_000_000  # bytes


def image_of(uri: str) -> np.ndarray:
    _, data = uri.split(';base64,')
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert('RGB'))


def test_verdict_comes_first(tmp_path: Path) -> None:
    write_report(tmp_path / 'report.html', report())
    page = Page((tmp_path / 'report.html').read_text(encoding='utf-8'))
    assert [path.name for path in tmp_path.iterdir()] == ['report.html']
    assert page.find('h1') == ['Adapted, likely better']
    assert page.find('title')[0] == f'Adapted, likely better {DASH} adaptation report'
    assert page.find('p', class_='lead') == ['The adapted model is likely better.']
    assert 'Predictions are steadier: 75 % instead of 70 %.' in page.find('li')
    assert any('In 41 of 45 cases' in text for text in page.find('p'))
    assert page.find('code')[0] == 'mmseg-maxsquare predict a.py "b c.pth" my/photos'
    assert page.attributes('html')[0]['lang'] == 'en'
    assert page.find('dt') == ['Config', 'Seed'] and page.find('dd') == ['my_config.py', '0']


@pytest.mark.parametrize(
    ('verdict', 'look'),
    [
        ('adapted, likely better', 'better'),
        ('unclear, source model kept', 'unclear'),
        ('collapse, source model kept', 'collapse'),
        ('something new', 'unclear'),
    ],
)
def test_look_of_a_verdict(verdict: str, look: str) -> None:
    page = Page(render(report(verdict=verdict, examples=[])))
    assert page.attributes('header')[0]['class'] == f'top {look}'


def test_scores_only_if_measured() -> None:
    (text,) = Page(render(report(scores=dict(before=34.36, after=33.1)))).find('p', class_='scores')
    assert 'mIoU 34.4 % before, 33.1 % after (−1.3 points)' in text  # noqa: RUF001
    assert Page(render(report())).find('p', class_='scores') == []


def test_scores_of_a_rejected_adaptation() -> None:
    """They name both models and the images; the difference is that of the shown numbers."""
    scores = dict(before=1.14, after=1.14, rejected=2.26, images=4, of=12, trained=1)
    (text,) = Page(render(report(scores=scores))).find('p', class_='scores')
    assert 'mIoU 1.1 % of the source model, which is kept, 2.3 % of the rejected adaptation' in text
    assert '(+1.2 points), on 4 of 12 images, 1 of which was trained on. The labels' in text


def test_pictures_of_a_rejected_adaptation() -> None:
    fields = dict(title='Two models', second='rejected adaptation', note='It was rejected.')
    page = Page(render(report(examples=[example()], trained_on=True, **fields)))
    assert 'Two models' in page.find('h2')
    assert page.find('span', class_='tag') == ['photograph', 'source model', 'rejected adaptation']
    (intro, *_) = page.find('p', class_='intro')
    assert intro.startswith('It was rejected. The photographs were also trained on, since')
    assert page.attributes('img')[2]['alt'].startswith('Prediction of the rejected adaptation:')
    page = Page(render(report(examples=[example()])))
    assert page.find('p', class_='intro')[0].startswith('The photographs were held out of the')


def test_examples_of_equal_models_have_no_rank() -> None:
    page = Page(render(report(examples=[replace(example(), why='')])))
    assert not page.find('span', class_='badge')
    assert not any('changed their label' in text for text in page.find('p'))


def test_minus_signs() -> None:
    """In sentences, too, but not in names and commands."""
    assert unbroken('information -0.620, step-1 a -b 5 %') == (
        'information −0.620, step-1 a -b 5\N{NO-BREAK SPACE}%'  # noqa: RUF001
    )


def test_pictures_are_the_examples() -> None:
    page = Page(render(report(examples=[example()])))
    photo, before, after, *confidences = page.attributes('img')
    assert photo['alt'] == 'Photograph a/b.png'
    assert before['alt'] == 'Prediction of the source model: road 50 %, sky 50 %'
    assert after['alt'] == 'Prediction of the adapted model: sky 75 %, road 25 %'
    assert (photo['width'], photo['height']) == ('96', '64')
    given = example()
    assert np.abs(image_of(photo['src']).astype(int) - given.photo).mean() < 4  # JPEG
    for picture, labels in ((before, given.before), (after, given.after)):
        np.testing.assert_array_equal(image_of(picture['src']), np.asarray(PALETTE)[labels])
    # Viridis at 0.5 is bluish green, at 0.75 green; see the ramp.
    colours = [image_of(each['src']).mean((0, 1)) for each in confidences]
    np.testing.assert_allclose(colours, [[33, 145, 140], [94, 201, 98]], atol=4)
    assert [each['alt'] for each in confidences] == [
        'Confidence of the source model, 50.0 % on average',
        'Confidence of the adapted model, 75.0 % on average',
    ]
    assert page.find('span', class_='badge') == ['changed most']
    assert any(text.endswith('25.0 % of the pixels changed their label') for text in page.find('p'))


def test_ramp_is_viridis() -> None:
    assert heat_scale(3) == ['#440154', '#21918c', '#fde725']


def test_labels_outside_the_palette_are_black() -> None:
    given = example()
    given.before[:4] = 255
    before = Page(render(report(examples=[given]))).attributes('img')[1]
    assert not image_of(before['src'])[:4].any()
    assert before['alt'] == 'Prediction of the source model: road 47 %, sky 47 %'


def test_classes_have_names_and_colours() -> None:
    page = Page(render(report()))
    assert page.find('button', **{'aria-pressed': 'false'}) == CLASSES
    colours = [attrs.get('data-colour') for attrs in page.attributes('button')]
    assert [colour for colour in colours if colour] == ['#804080', '#4682b4', '#faaa1e']


def test_shares_in_percent() -> None:
    """The largest first; models differ in the filling of their bars, and by name."""
    html = render(report())
    page = Page(html[html.index('<table class="shares">') :].split('</table>')[0] + '</table>')
    assert page.find('th', scope='row') == ['sky', 'road', 'traffic <light>']
    assert page.find('div', class_='measure') == [
        'source model: 50.0 %',
        'adapted model: 75.0 %',
        'source model: 25.0 %',
        'adapted model: 12.5 %',
        'source model: 0.2 %',
        'adapted model: 0.0 %',
    ]
    assert page.find('td', class_='right') == ['+25.0', '−12.5', '−0.2']  # noqa: RUF001
    bars = page.attributes('span', class_='bar')
    assert [bar['class'] for bar in bars] == ['bar hatched', 'bar solid'] * 3
    assert [re.sub('.*width:', '', bar['style']) for bar in bars] == [
        '66.67%', '100.00%', '33.33%', '16.67%', '0.27%', '0.00%'
    ]  # fmt: skip


def test_table_of_indicators() -> None:
    table = table_of(ROWS)
    assert table.columns == ['source', 'statistics', 'step 25', 'step 50']
    lines = {title: [plain(cell) for cell in cells] for title, cells in table.lines}
    assert lines == {
        'Confidence': ['80.0 %', '82.0 %', '90.0 %', '95.0 %'],
        'Same label in the mirror': ['70.0 %', DASH, '75.0 %', '72.0 %'],
        'Least retained class': ['1.00', '0.900', '0.800', '0.200'],
        'Neighbourhood density': ['5.25', DASH, '5.50', '5.75'],
    }
    page = Page(render(report()))
    assert 'step 25 chosen' in page.find('th', class_='chosen')
    assert page.find('td', class_='chosen') == ['90.0 %', '75.0 %', '0.800', '5.50']


def test_chart_of_an_indicator() -> None:
    mirror = charts_of(ROWS, 'step 25')[1]
    assert [point.kind for point in mirror.points] == ['source', 'step', 'step']
    assert mirror.lines == [' '.join(f'{p.x},{p.y}' for p in mirror.points[1:])]  # a gap before
    assert mirror.mark is mirror.points[1]
    assert mirror.baseline == mirror.points[0].y == BOTTOM  # 70 % is the lowest tick
    assert mirror.points[1].y == TOP + (76 - 75) / 6 * (BOTTOM - TOP)
    assert [plain(text) for _, text in mirror.ticks] == [
        '70 %', '72 %', '74 %', '76 %'
    ]  # fmt: skip
    assert [text for _, text in mirror.labels] == ['source', '25', '50']
    xs = [point.x for point in charts_of(ROWS, 'step 25')[0].points]
    np.testing.assert_allclose(np.diff(xs), xs[1] - xs[0], atol=0.11)


def test_every_indicator_of_the_guard_is_explained() -> None:
    keys = 'confidence entropy density share_divergence disagreement information retained top_share'
    assert {*keys.split(), *VIEWS, 'oracle_mIoU'} == set(INDICATORS)
    assert all(how.about.endswith('.') and how.direction for how in INDICATORS.values())


@pytest.mark.parametrize(
    ('low', 'high', 'ticks'),
    [
        (0.7, 0.75, [0.7, 0.72, 0.74, 0.76]),
        (0, 0, [0, 0.005, 0.01]),
        (1, 1, [0.95, 1, 1.05]),
        (-0.54, -0.46, [-0.55, -0.5, -0.45]),
        (5.21969, 5.7, [5.2, 5.4, 5.6, 5.8]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    np.testing.assert_allclose(nice_ticks(low, high), ticks, atol=1e-9)


def test_numbers_as_text() -> None:
    assert plain(percent(0.1234)) == '12.3 %'
    assert percent(math.nan) == points(math.nan) == DASH
    assert (points(1.25, 1), points(-0.04), points(0.0)) == ('+1.2', '0.0', '0.0')
    # Of the numbers that are shown: 1.1 % and 2.3 %.
    assert points_between(0.0114, 0.0226) == '+1.2'
    assert points_between(math.nan, 0.5) == DASH
    numbers = [0, 1, -0.53343, 0.00221127, 5.21969, 1234.5, 1e-7]
    texts = ['0', '1.00', '−0.533', '0.00221', '5.22', '1234', '1.00e−07']  # noqa: RUF001
    assert [significant(number) for number in numbers] == texts


def test_nearly_nothing_to_show() -> None:
    """No image, no shares, one candidate, a value that is missing, an unknown indicator."""
    row: dict[str, float | str] = dict(name='source', step=0, confidence=math.inf, my_own=0.25)
    fields: dict = dict(examples=[], shares={}, indicators=[row], chosen='source', facts={})
    page = Page(render(report(**fields, reasons=[])))
    assert page.find('p', class_='empty') == [
        'No image was held out, so there is none to show.',
        'No class share was measured.',
        'No value.',
        'Nothing was recorded.',
    ]
    assert page.find('p', class_='values') == [
        f'chosen model {DASH} Higher means surer',
        'chosen model 0.250',
    ]
    assert len(page.attributes('circle', class_='ring')) == 2  # one in the key, one in a chart
    page = Page(render(report(examples=[], shares={}, indicators=[], chosen='source')))
    assert page.find('p', class_='empty')[-1] == 'No indicator was measured.'


def test_names_are_escaped(tmp_path: Path) -> None:
    """Also those that are not UTF-8, and the quotes in an attribute."""
    evil = '<script>alert("1")</script>'
    fields: dict = dict.fromkeys(('sentence', 'record', 'command', 'chosen', 'verdict'), evil)
    rows = [dict(row, **{evil: 0.5}) for row in ROWS]
    fields |= dict(reasons=[evil], facts={evil: evil}, classes=['a', 'b', evil], indicators=rows)
    fields |= dict(shares={evil: [0.2, 0.3, 0.5]}, examples=[example(NASTY)])
    write_report(tmp_path / 'report.html', report(**fields))
    html = (tmp_path / 'report.html').read_text(encoding='utf-8')
    page = Page(html)
    shown = NASTY.replace('\udcff', '\\udcff')
    assert shown in page.find('bdi') and evil in page.find('bdi')
    assert page.attributes('input', type='range')[0]['aria-label'] == f'Before and after, {shown}'
    assert len(page.attributes('script')) == 1
    assert not [attrs for _, attrs in page.elements if any(key.startswith('on') for key in attrs)]
    assert evil not in html


def test_nothing_is_loaded() -> None:
    """No address but data in the file itself; the policy forbids any other."""
    html = render(report())
    page = Page(html)
    (policy,) = page.attributes('meta', **{'http-equiv': 'Content-Security-Policy'})
    assert policy['content'].startswith("default-src 'none'; img-src data:;")
    addresses = [
        value
        for _, attrs in page.elements
        for key, value in attrs.items()
        if key in ('src', 'href', 'srcset', 'action')
    ]
    assert {value.split(':')[0] for value in addresses} == {
        'data', '#images', '#shares', '#indicators', '#facts'
    }  # fmt: skip
    assert not re.search(r'https?://|@import|url\(', html)
    identifiers = [attrs['id'] for _, attrs in page.elements if 'id' in attrs]
    assert len(identifiers) == len(set(identifiers))
    references = {v for _, a in page.elements for k, v in a.items() if k == 'aria-labelledby'}
    assert references <= set(identifiers)


def test_size_of_twelve_examples(tmp_path: Path) -> None:
    """Even noise, which no format can compress, stays below the limit."""
    rng = np.random.default_rng(0)
    size = (480, 640)
    noise = Example(
        'noise.png', 'random',
        rng.integers(0, 256, (*size, 3), dtype=np.uint8),
        *(rng.integers(0, 19, size, dtype=np.uint8) for _ in range(2)),
        *(rng.random(size, dtype=np.float32) for _ in range(2)),
        changed=0.95,
    )  # fmt: skip
    write_report(tmp_path / 'report.html', report(examples=[noise] * 12))
    assert 4_000_000 < (tmp_path / 'report.html').stat().st_size < LIMIT
    write_report(tmp_path / 'report.html', report(examples=[example(width=1280, height=720)] * 12))
    html = (tmp_path / 'report.html').read_text(encoding='utf-8')
    assert len(html) < 2_000_000
    assert Page(html).attributes('img')[0]['width'] == '640'  # as large as it is shown


def test_sizes_must_agree() -> None:
    given = example()
    fields = {**vars(given), 'after': given.after[1:]}
    with pytest.raises(ValueError, match='differ in size'):
        render(report(examples=[Example(**fields)]))


def test_contrast_of_all_colours() -> None:
    """At least 4.5 between text and ground (WCAG AA), in both schemes."""
    css = re.search('<style>(.*)</style>', render(report(examples=[])), re.S)
    assert css
    parts = css[1].split('@media')[:2]
    schemes = [dict(re.findall(r'--(\w[\w-]*): (#\w{6});', part)) for part in parts]
    assert len(schemes[0]) == len(schemes[1]) == 13
    for scheme in schemes:
        grounds = [scheme[name] for name in ('paper', 'card')]
        texts = [scheme[name] for name in ('ink', 'muted', 'accent')]
        pairs = [(text, ground) for text in texts for ground in grounds]
        for look in ('better', 'unclear', 'collapse'):
            tint = scheme[f'{look}-tint']
            pairs += [(scheme[name], tint) for name in (look, 'ink', 'muted')]
        assert {pair: contrast(*pair) for pair in pairs if contrast(*pair) < 4.5} == {}


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2."""
    darker, lighter = sorted(luminance(colour) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))
