"""The result of an adaptation: weights, verdict, report."""

import io
import json
from dataclasses import replace
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.atomic_files import AtomicBackend
from mmseg_maxsquare.engine.looks import read_csv
from mmseg_maxsquare.evaluation.guard import Choice, choose
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.fit import misfit
from mmseg_maxsquare.runs.models import usable_device

from .examples import examples_of, listed
from .folder import Folder
from .labels import Labels, find_labels
from .make_config import plain_segmentor
from .plan import build
from .report import Report, write_report
from .request import Request
from .score import score
from .wording import compared, describe_run, record_of, sentence, use_command

State = dict[str, Tensor]


def finish(cfg: Config, request: Request, folder: Folder, seconds: float) -> None:
    """Choose a look, and write the weights, the table, the report and, last, the verdict.

    Args:
        cfg: The user's config.
        request: What was asked for.
        folder: Where; its training is complete.
        seconds: Time of this call.
    """
    rows = read_csv(folder.guard)
    choice = choose(rows)
    train, held_out = listed(folder.train), listed(folder.held_out)
    chosen, rejected = str(rows[choice.index]['name']), rejected_look(rows, choice, folder)
    before, after = states(cfg, request, folder, chosen)
    shown = after if rejected is None else states(cfg, request, folder, rejected)[1]
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    model = adapted_model(folder).to(usable_device(None))
    scores = None
    if request.labels is not None:
        images = list(dict.fromkeys([*train, *held_out]))
        labels = find_labels(cfg, request.labels, images, Path(request.target), meta)
        scores = scores_of(labels, folder, model, (before, shown))
        if choice.index == 0:
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
            sentence=sentence(choice, rows),
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


def rejected_look(rows: list[dict], choice: Choice, folder: Folder) -> str | None:
    """Name of the last look, if the source model is kept and the look's weights are there."""
    name = str(rows[-1]['name'])
    if choice.index == 0 < len(rows) - 1 and look_file(folder, name).is_file():
        return name
    return None


def look_file(folder: Folder, name: str) -> Path:
    """The weights of a look that differ from the source model's."""
    return folder.run / 'guard' / f'{name.replace(" ", "_")}.pth'


def scores_of(
    labels: Labels, folder: Folder, model: nn.Module, pair: tuple[State, State]
) -> dict[str, float]:
    """mIoU of two states, ``before`` and ``after``, and of how many images."""
    looked_at = read_config(folder.config).custom_hooks[0].dataset
    images = {image for image, _ in labels.pairs}
    return {
        'before': score(load(model, pair[0]), looked_at, labels),
        'after': score(load(model, pair[1]), looked_at, labels),
        'images': len(images),
        'trained': len(images & set(listed(folder.train))),
    }


def states(cfg: Config, request: Request, folder: Folder, name: str) -> tuple[State, State]:
    """All weights of the plain model: the source model's, and those of a look."""
    plain = build(plain_segmentor(cfg))
    misfit(request.checkpoint, plain)  # loads what fits
    before = plain.state_dict()
    path = folder.run / 'guard' / f'{name.replace(" ", "_")}.pth'
    changed = torch.load(path, map_location='cpu', weights_only=True)['state_dict']
    return before, {**before, **{key: value for key, value in changed.items() if key in before}}


def adapted_model(folder: Folder) -> nn.Module:
    """The model of the run, without weights."""
    model = read_config(folder.config).model.to_dict()
    return build({**model, 'anchor': None})


def load(model: nn.Module, state: State) -> nn.Module:
    """The model with the weights of the plain one, in eval mode."""
    model.load_state_dict(state, strict=False)  # auxiliary heads may be left out
    return model.eval()


def save_weights(path: Path, state: State, meta: dict, origin: dict) -> None:
    """Write a plain mmseg checkpoint; ``meta`` holds plain types only."""
    buffer = io.BytesIO()
    content = {key: value.detach().cpu() for key, value in state.items()}
    meta = dict(dataset_meta=meta, mmseg_maxsquare=json.loads(json.dumps(origin)))
    torch.save(dict(state_dict=content, meta=meta), buffer)
    AtomicBackend().put(buffer.getvalue(), path)
