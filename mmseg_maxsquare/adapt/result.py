"""The result of an adaptation: weights, verdict, report."""

import io
import json
import platform
import time
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.engine.atomic_files import AtomicBackend
from mmseg_maxsquare.engine.looks import read_csv
from mmseg_maxsquare.evaluation.guard import ADAPTED, COLLAPSE, UNCLEAR, Choice, choose
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.runs.fit import misfit
from mmseg_maxsquare.runs.machine import describe_machine
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.progress import clock

from .examples import examples_of, listed
from .folder import Folder
from .labels import find_labels
from .make_config import plain_segmentor
from .plan import build
from .report import Report, write_report
from .request import Request
from .score import score

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
    before, after = states(cfg, request, folder, str(rows[choice.index]['name']))
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    device = usable_device(None)
    model = adapted_model(folder).to(device)
    scores = None
    if request.labels is not None:
        images = list(dict.fromkeys([*listed(folder.train), *listed(folder.held_out)]))
        labels = find_labels(cfg, request.labels, images, Path(request.target), meta)
        looked_at = read_config(folder.config).custom_hooks[0].dataset
        scores = {
            name: score(load(model, state), looked_at, labels)
            for name, state in (('before', before), ('after', after))
        }
    examples, shares = examples_of(model, before, after, folder, request)
    facts = describe_run(request, folder, seconds)
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


def describe_run(request: Request, folder: Folder, seconds: float) -> dict[str, str]:
    """What was run, by name."""
    count = {
        part.stem: len(part.read_text(encoding='utf-8').splitlines())
        for part in (folder.train, folder.held_out)
    }
    return {
        'config': request.config,
        'checkpoint': str(request.checkpoint),
        'target': str(request.target),
        'images': f'{count["train"]} to train on, {count["held_out"]} to look at',
        'mode': 'with source' if request.with_source else 'source-free',
        'method': f'{request.method}, {request.params} parameters, rate {request.lr:g}',
        'steps': str(request.steps),
        'seed': str(request.seed),
        'time': clock(seconds),
        'date': time.strftime('%Y-%m-%d %H:%M'),
        'machine': f'{platform.machine()}, {torch.get_num_threads()} threads',
        'versions': '; '.join(describe_machine()[:3]),
    }


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
        lines.append(f'with labels: mIoU {before:.1f} before, {after:.1f} after')
    return [
        *lines,
        f'report: {folder.report}',
        f'weights: {folder.adapted}; use them with',
        f'  {use_command(request, folder)}',
    ]
