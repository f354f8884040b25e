"""The result of an adaptation: weights, verdict, report."""

import json
from dataclasses import replace
from typing import Any

from mmengine.config import Config
from torch import nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.looks import read_csv
from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, Choice, choose
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.models import usable_device

from .examples import examples_of
from .folder import Folder, listed
from .network import State, build, load, look_file, look_state, save_weights, source_state
from .report import Report, write_report
from .request import Request
from .score import labels_of, score
from .wording import compared, describe_run, record_of, sentence, use_command


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
    train, held_out = listed(folder.train), listed(folder.held_out)
    rows = read_csv(folder.guard)
    choice, told = judged(rows, folder)
    chosen, rejected = str(rows[choice.index]['name']), rejected_look(rows, choice, folder)
    before = source_state(cfg, request.checkpoint)
    after = look_state(before, folder.run, chosen)
    shown = after if rejected is None else look_state(before, folder.run, rejected)
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    model = adapted_model(folder).to(usable_device(None))
    scores = scores_of(cfg, request, folder, model, dict(before=before, after=shown))
    if scores and choice.index == 0:
        kept = dict(scores, after=scores['before'])
        scores = kept if rejected is None else dict(kept, rejected=scores['after'])
    examples, shares = examples_of(model, before, shown, folder, request)
    title, second, note = compared(rejected, choice.index == 0)
    facts = describe_run(request, folder, seconds)
    verdict = dict(
        verdict=choice.verdict,
        chosen=chosen,
        reasons=choice.reasons,
        scores=scores,
        seconds=round(seconds, 1),
    )
    save_weights(folder.adapted, after, meta, {**verdict, **facts})
    folder.write(folder.indicators, folder.guard.read_text(encoding='utf-8'))
    same = choice.index == 0 and rejected is None
    write_report(
        folder.report,
        Report(
            verdict=choice.verdict,
            sentence=told,
            reasons=choice.reasons,
            record=record_of(choice.verdict, request.steps, len({*train, *held_out})),
            classes=meta['classes'],
            palette=meta['palette'],
            # Without a difference there is no order.
            examples=[replace(example, why='') for example in examples] if same else examples,
            shares=dict(zip(('source model', second), shares.values(), strict=True)),
            indicators=rows,
            chosen=chosen,
            facts=facts,
            command=use_command(request, folder),
            scores=scores,
            title=title,
            second=second,
            note=note,
            trained_on=set(held_out) <= set(train),
        ),
    )
    folder.write(folder.verdict, json.dumps(verdict, indent=1))


def judged(rows: list[dict], folder: Folder) -> tuple[Choice, str]:
    """The choice, and its sentence; a training that diverged keeps the source model or a look."""
    choice = choose(rows)
    if not folder.diverged.is_file():
        return choice, sentence(choice, rows)
    reason = folder.diverged.read_text(encoding='utf-8').removeprefix('error: ')
    reason = f'The training ended early: {reason.partition(". ")[0]}. Lower --lr.'
    if choice.verdict == ADAPTED:
        return replace(choice, reasons=[*choice.reasons, reason]), sentence(choice, rows)
    collapsed = Choice(0, COLLAPSE, [reason])
    return collapsed, 'The training diverged, so that the source model is kept.'


def rejected_look(rows: list[dict], choice: Choice, folder: Folder) -> str | None:
    """Name of the last look, if the source model is kept and the look's weights are there."""
    name = str(rows[-1]['name'])
    if choice.index == 0 < len(rows) - 1 and look_file(folder.run, name).is_file():
        return name
    return None


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
    scored = {image for image, _ in labels.pairs}
    count = dict(
        images=len(scored), of=len(images), trained=len(scored & set(listed(folder.train)))
    )
    return {**scores, **count, 'labels': str(request.labels.resolve())}


def needs_scores(folder: Folder, request: Request) -> bool:
    """Whether a finished adaptation has not been scored with the labels of a request."""
    if request.labels is None:
        return False
    scores = json.loads(folder.verdict.read_text(encoding='utf-8'))['scores'] or {}
    return scores.get('labels') != str(request.labels.resolve())
