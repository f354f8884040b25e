"""The verdict in words, its limits, and the command to copy."""

import shlex
from pathlib import Path

import pytest

from mmseg_maxsquare.adapt.command_line import again
from mmseg_maxsquare.adapt.folder import Folder
from mmseg_maxsquare.adapt.request import Request
from mmseg_maxsquare.adapt.wording import (
    RECORD,
    describe_scores,
    predictions_folder,
    record_of,
    sentence,
    use_command,
)
from mmseg_maxsquare.adapt.words import counted
from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Choice

from .report_case import plain

ROWS: list[dict] = [
    dict(name='source', top_share=0.4, retained=1.0),
    dict(name='statistics', top_share=0.42, retained=0.9),
    dict(name='step 50', top_share=0.9, retained=0.2),
]


def test_sentence_of_an_adaptation() -> None:
    first = sentence(Choice(1, ADAPTED, []), ROWS)
    assert first.startswith('The model with new batch statistics (nothing was trained) is likely')
    assert sentence(Choice(2, ADAPTED, []), ROWS) == (
        'The model after 50 steps is likely better on these images.'
    )


@pytest.mark.parametrize(
    ('retained', 'end'),
    [
        (0.2, 'the class that shrank most keeps 20.0 % of its share.'),
        (0.0, 'a class is lost.'),
        (1.2, 'no class has shrunk.'),
    ],
)
def test_sentence_of_a_collapse(retained: float, end: str) -> None:
    """It says what has changed, and that a class is lost only if one is."""
    rows = [*ROWS[:2], dict(ROWS[2], retained=retained)]
    text = plain(sentence(Choice(0, COLLAPSE, []), rows))
    assert (
        'In the model after 50 steps, the largest class covers 90.0 % of the pixels, 40.0' in text
    )
    assert text.endswith(end)


def test_record_and_its_limits() -> None:
    """A run that is smaller than those of the study says so."""
    whole = record_of(ADAPTED, 200, 50)
    right, count = RECORD[ADAPTED]
    begin = f'In {right} of {count} runs of our study with this verdict, it was right; those'
    assert whole.startswith(begin)
    assert 'This run' not in whole
    assert record_of(ADAPTED, 1, 50).endswith(
        'This run took 1 step on 50 images, so the verdict is less certain here.'
    )
    assert 'took 200 steps on 1 image,' in record_of(UNCLEAR, 200, 1)


def test_scores_say_what_was_scored() -> None:
    scores = dict(before=34.36, after=33.1, images=12, of=12, trained=8)
    assert describe_scores(scores) == (
        'mIoU 34.4 before, 33.1 after, on 12 of 12 images, 8 of which were trained on'
    )
    text = describe_scores(dict(scores, rejected=20.0, images=1, trained=0))
    assert text.endswith(
        '20.0 of the rejected adaptation, on 1 of 12 images, none of which was trained on'
    )
    assert describe_scores(dict(before=1, after=2)) == 'mIoU 1.0 before, 2.0 after'


def test_numbers_with_words() -> None:
    assert (counted(0, 'file'), counted(1, 'file'), counted(1234, 'file')) == (
        '0 files', '1 file', '1,234 files',
    )  # fmt: skip


def test_command_is_quoted(tmp_path: Path) -> None:
    name = 'it\'s "q" $x'
    request = Request(f'{name}.py', 'model.pth', f'{name}/photos', out=Path(name))
    words = shlex.split(use_command(request, Folder(request.folder)))
    assert words == [
        'mmseg-maxsquare', 'predict', f'{name}.py', f'{name}/adapted.pth', f'{name}/photos',
        '--out', f'{name}/predictions',
    ]  # fmt: skip


def test_command_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr('sys.argv', ['x', 'predict', 'a b'])
    assert again('--resume') == "mmseg-maxsquare predict 'a b' --resume"
    monkeypatch.setattr('sys.argv', ['x', 'predict', '--resume'])
    assert again('--resume') == 'mmseg-maxsquare predict --resume'


@pytest.mark.parametrize(
    ('target', 'root', 'expected'),
    [
        ('photos', 'out', 'out/predictions'),
        ('photos', 'photos/out', 'photos_predictions'),
        ('.', 'work_dirs/adapt/x', '../here_predictions'),
        ('link', 'photos/out', 'photos_predictions'),
        ('photos/0.png', 'photos/out', 'photos/out/predictions'),
    ],
)
def test_predictions_never_lie_among_the_images(
    target: str, root: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``predict`` refuses a folder inside that of the images."""
    here = tmp_path / 'here'
    (here / 'photos').mkdir(parents=True)
    (here / 'photos/0.png').touch()
    (here / 'link').symlink_to('photos')
    monkeypatch.chdir(here)
    assert predictions_folder(Path(target), Path(root)) == Path(expected)
