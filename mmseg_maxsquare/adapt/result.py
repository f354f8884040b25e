"""The result of an adaptation: weights, verdict, report."""

import json
import platform
import time
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.looks import read_csv
from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Choice, choose
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.machine import describe_machine
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.progress import clock

from .examples import examples_of
from .folder import Folder
from .network import State, build, load, look_state, save_weights, source_state
from .plan import looked_at
from .report import Report, write_report
from .request import Request
from .score import labels_of, score


def finish(cfg: Config, request: Request, folder: Folder, seconds: float) -> None:
    """Choose a look, and write the weights, the table, the report and, last, the verdict.

    Args:
        cfg: The user's config.
        request: What was asked for.
        folder: Where; its training is complete.
        seconds: Time of this call. Of an adaptation that was finished before, and is scored now,
            the time that is recorded counts.
    """
    if folder.finished:
        seconds = json.loads(folder.verdict.read_text(encoding='utf-8'))['seconds']
    rows = read_csv(folder.guard)
    choice = choose(rows)
    before = source_state(cfg, request.checkpoint)
    after = look_state(before, folder.run, str(rows[choice.index]['name']))
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    model = adapted_model(folder).to(usable_device(None))
    scores = scores_of(cfg, request, folder, model, dict(before=before, after=after))
    examples, shares = examples_of(model, before, after, folder, request)
    facts = describe_run(request, folder, seconds)
    if scores:
        facts['labels'] = scored_on(scores)
    verdict = dict(
        verdict=choice.verdict,
        chosen=rows[choice.index]['name'],
        reasons=choice.reasons,
        scores=scores,
        seconds=round(seconds, 1),
    )
    save_weights(folder.adapted, after, meta, {**verdict, **facts})
    folder.write(folder.indicators, folder.guard.read_text(encoding='utf-8'))
    write_report(
        folder.report,
        Report(
            verdict=choice.verdict,
            sentence=sentence(choice, rows),
            reasons=choice.reasons,
            record=record_of(choice.verdict),
            classes=meta['classes'],
            palette=meta['palette'],
            examples=examples,
            shares=shares,
            indicators=rows,
            chosen=str(rows[choice.index]['name']),
            facts=facts,
            command=use_command(request, folder),
            scores=scores,
        ),
    )
    folder.write(folder.verdict, json.dumps(verdict, indent=1))


# Runs of `study guard` with a verdict, and how many of these verdicts were right; see
# docs/guard.md. A test compares them with the looks of the study.
RECORD = {ADAPTED: (28, 29), UNCLEAR: (2, 2), COLLAPSE: (7, 8)}


def record_of(verdict: str) -> str:
    """How often a verdict was right in the study."""
    right, count = RECORD[verdict]
    return f'In {right} of {count} runs of our study with this verdict, it was right.'


def adapted_model(folder: Folder) -> nn.Module:
    """The model of the run, without weights."""
    model = read_config(folder.config).model.to_dict()
    return build({**model, 'anchor': None})


def scores_of(
    cfg: Config, request: Request, folder: Folder, model: nn.Module, states: dict[str, State]
) -> dict[str, Any] | None:
    """mIoU with each of some weights, by their name, and the number of images with labels."""
    if request.labels is None:
        return None
    images = folder.images()
    labels = labels_of(cfg, request, images)
    looked_at = read_config(folder.config).custom_hooks[0].dataset
    scores = {name: score(load(model, state), looked_at, labels) for name, state in states.items()}
    count = dict(images=len(labels.pairs), of=len(images))
    return {**scores, **count, 'labels': str(request.labels.resolve())}


def needs_scores(folder: Folder, request: Request) -> bool:
    """Whether a finished adaptation has not been scored with the labels of a request."""
    if request.labels is None:
        return False
    scores = json.loads(folder.verdict.read_text(encoding='utf-8'))['scores'] or {}
    return scores.get('labels') != str(request.labels.resolve())


def describe_run(request: Request, folder: Folder, seconds: float) -> dict[str, str]:
    """What was run, by name."""
    count = {
        part.stem: len(part.read_text(encoding='utf-8').splitlines())
        for part in (folder.train, folder.held_out)
    }
    looks = looked_at(read_config(folder.config), count['held_out'])
    return {
        'config': request.config,
        'checkpoint': str(request.checkpoint),
        'target': str(request.target),
        'images': f'{count["train"]} to train on, {count["held_out"]} held out, {looks} of them '
        'looked at',
        'mode': 'with source' if request.with_source else 'source-free',
        'method': f'{request.method}, {request.params} parameters, rate {request.lr:g}',
        'steps': str(request.steps),
        'seed': str(request.seed),
        'time': clock(seconds),
        'date': time.strftime('%Y-%m-%d %H:%M'),
        'machine': f'{platform.machine()}, {torch.get_num_threads()} threads',
        'versions': '; '.join(describe_machine()[:3]),
    }


def scored_on(scores: dict[str, Any]) -> str:
    """How many images had labels."""
    return f'{scores["images"]} of {scores["of"]} images'


def sentence(choice: Choice, rows: list[dict]) -> str:
    """The verdict in a sentence."""
    if choice.verdict == ADAPTED:
        return f'The model of {rows[choice.index]["name"]} is likely better on these images.'
    if choice.verdict == COLLAPSE:
        return 'The adaptation lost classes, so the source model is kept.'
    return 'The indicators do not show an improvement, so the source model is kept.'


def use_command(request: Request, folder: Folder) -> str:
    """How to use the weights."""
    return (
        f'mmseg-maxsquare predict {request.config} {folder.adapted} {request.target} '
        f'--out {folder.root / "predictions"}'
    )


def last_words(folder: Folder, request: Request) -> list[str]:
    """The verdict, where the results are, and how to use them."""
    verdict = json.loads(folder.verdict.read_text(encoding='utf-8'))
    lines = [f'verdict: {verdict["verdict"]} ({verdict["chosen"]})', *verdict['reasons']]
    lines.append(record_of(verdict['verdict']))
    if verdict['scores']:
        before, after = verdict['scores']['before'], verdict['scores']['after']
        count = scored_on(verdict['scores'])
        lines.append(f'with labels of {count}: mIoU {before:.1f} before, {after:.1f} after')
    return [
        *lines,
        f'report: {folder.report}',
        f'weights: {folder.adapted}; use them with',
        f'  {use_command(request, folder)}',
    ]
