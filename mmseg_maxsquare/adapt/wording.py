"""The result of an adaptation in words: for the terminal and the report."""

import json
import os
import platform
import time
from pathlib import Path

import torch

from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Choice, spoken
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.machine import describe_machine
from mmseg_maxsquare.runs.progress import clock

from .command_line import command_line
from .folder import Folder, listed
from .hold_out import FEW
from .plan import looked_at
from .report_indicators import percent
from .request import Request
from .words import counted, scored_images

# Runs of `study guard` with a verdict, and how many of these verdicts were right; see
# docs/guard.md. A test compares them with the looks of the study.
RECORD = {ADAPTED: (97, 100), UNCLEAR: (6, 8), COLLAPSE: (9, 9)}
STUDY_STEPS = (100, 300)


def record_of(verdict: str, steps: int, images: int) -> str:
    """How often a verdict was right in the study, and whether that says much about this run."""
    right, count = RECORD[verdict]
    text = (
        f'In {right} of {counted(count, "run")} of our study with this verdict, it was right; '
        f'those took {STUDY_STEPS[0]} to {STUDY_STEPS[1]} steps on dozens of photographs of '
        'streets.'
    )
    if steps >= STUDY_STEPS[0] and images >= FEW:
        return text
    own = f'{counted(steps, "step")} on {counted(images, "image")}'
    return f'{text} This run took {own}, so the verdict is less certain here.'


def sentence(choice: Choice, rows: list[dict]) -> str:
    """The verdict in a sentence or two."""
    source, last = rows[0], rows[-1]
    if choice.verdict == ADAPTED:
        name = spoken(str(rows[choice.index]['name']))
        return f'{name[0].upper()}{name[1:]} is likely better on these images.'
    if choice.verdict == UNCLEAR:
        return 'The indicators do not show an improvement, so the source model is kept.'
    return (
        'The class shares moved too far from those of the source model, so that one is kept. '
        f'In {spoken(str(last["name"]))}, the largest class covers '
        f'{percent(float(last["top_share"]))} of the pixels, '
        f'{percent(float(source["top_share"]))} before; {_shrunk(float(last["retained"]))}.'
    )


def _shrunk(retained: float) -> str:
    """What became of the class that shrank most."""
    if retained <= 0:
        return 'a class is lost'
    if retained >= 1:
        return 'no class has shrunk'
    return f'the class that shrank most keeps {percent(retained)} of its share'


def compared(rejected: str | None, kept: bool) -> tuple[str, str, str]:
    """What the pictures compare with the source model.

    Args:
        rejected: Name of the look that is shown although the source model is kept.
        kept: Whether the source model is kept.

    Returns:
        Title, name of the second model, and a note.
    """
    if not kept:
        return 'Before and after', 'adapted model', ''
    if rejected is None:
        note = 'Both are the source model: there are no other weights to compare.'
        return 'The source model', 'source model again', note
    note = f'Rejected is {spoken(rejected)}: its weights are not those that were written.'
    return 'The source model and the rejected adaptation', 'rejected adaptation', note


def describe_scores(scores: dict) -> str:
    """Measured scores, and on which images."""
    text = f'mIoU {scores["before"]:.1f} before, {scores["after"]:.1f} after'
    if 'rejected' in scores:
        text = (
            f'mIoU {scores["before"]:.1f} of the source model, which is kept; '
            f'{scores["rejected"]:.1f} of the rejected adaptation'
        )
    return f'{text}, {scored_images(scores)}'.rstrip(', ')


def describe_run(request: Request, folder: Folder, seconds: float) -> dict[str, str]:
    """What was run, by name."""
    train, held_out = listed(folder.train), listed(folder.held_out)
    images = f'{len(train)} to train on, {len(held_out)} held out to judge the result'
    if set(held_out) <= set(train):
        images = f'{len(train)}, used to train and to judge the result'
    images += f', {looked_at(read_config(folder.config), len(held_out))} looked at'
    return {
        'config': request.config,
        'checkpoint': str(request.checkpoint),
        'target': str(request.target),
        'images': images,
        'mode': 'with source' if request.with_source else 'source-free',
        'method': f'{request.method}, {request.params} parameters, rate {request.lr:g}',
        'steps': str(request.steps),
        'seed': str(request.seed),
        'time': clock(seconds),
        'date': time.strftime('%Y-%m-%d %H:%M'),
        'machine': f'{platform.machine()}, {counted(torch.get_num_threads(), "thread")}',
        'versions': '; '.join(describe_machine()[:3]),
    }


def use_command(request: Request, folder: Folder) -> str:
    """How to use the weights, to copy into a shell."""
    out = predictions_folder(Path(request.target), folder.root)
    words = ['predict', request.config, folder.adapted, request.target, '--out', out]
    return command_line(words)


def predictions_folder(target: Path, root: Path) -> Path:
    """A folder for predictions: in the results, or beside the images if these are around it."""
    out = root / 'predictions'
    images = Path(os.path.realpath(target))
    if not images.is_dir() or not Path(os.path.realpath(out)).is_relative_to(images):
        return out
    return Path(os.path.relpath(images.parent / f'{images.name}_predictions'))


def last_words(folder: Folder, request: Request) -> list[str]:
    """The verdict, where the results are, and how to use them."""
    verdict = json.loads(folder.verdict.read_text(encoding='utf-8'))
    images = len({*listed(folder.train), *listed(folder.held_out)})
    lines = [f'verdict: {verdict["verdict"]} ({verdict["chosen"]})', *verdict['reasons']]
    lines.append(record_of(verdict['verdict'], request.steps, images))
    if verdict['scores']:
        lines.append(f'with labels: {describe_scores(verdict["scores"])}')
    return [
        *lines,
        f'report: {folder.report}',
        f'weights: {folder.adapted}; use them with',
        f'  {use_command(request, folder)}',
    ]
