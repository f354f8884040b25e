"""`adapt` on real photographs: target mIoU before and after, both modes, seconds of the command
and, among them, of the guard's looks.

Needs CamVid and LabelMeFacade (MMSEG_MAXSQUARE_DATA), and source models by seed, as the studies
leave them: FOLDER/seed0/source_only/camvid_day/iter_500.pth. Finished adaptations are kept; an
unfinished one begins again, since its seconds count.
As in: python benchmarks/adapt.py work_dirs/studies/evidence --seeds 0 1 2
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from measure import report

from mmseg_maxsquare.analysis.provenance import provenance
from mmseg_maxsquare.analysis.run_logs import finished_metrics

BY_DAY = (
    'test_dataloader.dataset.data_prefix.img_path=train',
    'test_dataloader.dataset.data_prefix.seg_map_path=trainannot',
    'test_dataloader.dataset.drives=[0006R0]',
)

MODES = ('--source-free', '--with-source')


@dataclass(frozen=True)
class Task:
    """A task of the study of the guard.

    Attributes:
        name: Its name.
        model: Config of the source model, below ``source_only``.
        steps: Those of its training.
        drive: CamVid's drive that is the target.
        scored: Options for the test of a checkpoint.
        source: Options for its test on the source images; empty if they are not scored.
    """

    name: str
    model: str
    drive: str
    steps: int = 500
    scored: tuple[str, ...] = ()
    source: tuple[str, ...] = ()


TASKS = (
    Task('CamVid day → dusk', 'camvid_day', '0001TP', source=BY_DAY),
    Task('LabelMeFacade → CamVid dusk', 'labelmefacade', '0001TP'),
    Task('LabelMeFacade → CamVid by day', 'labelmefacade', '0016E5', scored=BY_DAY),
    Task('CamVid day → dusk, STDC1', 'camvid_day_stdc', '0001TP', 1000, source=BY_DAY),
    Task('CamVid day → dusk, SegFormer', 'camvid_day_segformer', '0001TP', 1000, source=BY_DAY),
)
COLUMNS = [
    'model and target',
    'before',
    *(
        f'{mode}{what}'
        for mode in ('source-free', 'with source')
        for what in ('', ', gain of each seed', ', seconds', ', looks', ', verdicts')
    ),
    'source before',
    'source after, source-free',
    'source after, with source',
]


def main() -> None:
    """Run what is missing, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('sources', type=Path, help='folder of the source models')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--models', nargs='+', default=sorted({task.model for task in TASKS}))
    parser.add_argument('--out', type=Path, default=Path('work_dirs/benchmarks/adapt'))
    parser.add_argument('--name', default='adapt', help='of the measurement')
    args = parser.parse_args()
    rows = [
        measure(task, seed, mode, args.sources, args.out)
        for seed in args.seeds
        for task in TASKS
        if task.model in args.models
        for mode in MODES
    ]
    about = f'mIoU in %, means over the seeds {", ".join(map(str, args.seeds))}'
    commits = {row['commit'] for row in rows}
    if len(commits) > 1:
        sys.exit(f'{args.out} holds adaptations of several commits; give another --out')
    path = args.out / f'{args.name}.json'
    report('adapt on real photographs', COLUMNS, table(rows), about, path, commit=commits.pop())


def measure(task: Task, seed: int, mode: str, sources: Path, out: Path) -> dict:
    """One adaptation and its scores."""
    folder = out / f'seed{seed}_{task.model}_{task.drive}{mode.replace("--", "_")}'
    checkpoint = sources / f'seed{seed}/source_only/{task.model}/iter_{task.steps}.pth'
    record = Path(f'{folder}.json')
    if not record.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        images = out / f'{task.drive}.txt'
        write_list(images, task.drive)
        commit, started = provenance(None)['commit'], time.time()
        call('adapt', config_of(task), checkpoint, images, '--out', folder, mode)
        record.write_text(json.dumps(dict(seconds=time.time() - started, commit=commit)))
    verdict = json.loads((folder / 'verdict.json').read_text())
    adapted, before = folder / 'adapted.pth', out / f'seed{seed}_{task.model}_{task.drive}_before'
    found = dict(
        task=task.name,
        seed=seed,
        mode=mode,
        before=score(task, checkpoint, before, task.scored),
        after=score(task, adapted, folder / 'scored', task.scored),
        **json.loads(record.read_text()),
        looks=looks_seconds(folder),
        verdict=verdict['verdict'],
    )
    if task.source:
        found['source_before'] = score(task, checkpoint, Path(f'{before}_source'), task.source)
        found['source_after'] = score(task, adapted, folder / 'scored_source', task.source)
    return found


def looks_seconds(folder: Path) -> float | None:
    """Seconds of the guard's looks, which its log tells."""
    logs = ''.join(path.read_text() for path in (folder / 'run').glob('*/*.log'))
    found = re.search(r'guard: looks took ([\d.]+) s', logs)
    return None if found is None else float(found[1])


def write_list(path: Path, drive: str) -> None:
    """The drive's images in CamVid's training part."""
    folder = Path(os.environ.get('MMSEG_MAXSQUARE_DATA', 'data'), 'CamVid/train').resolve()
    path.parent.mkdir(parents=True, exist_ok=True)
    images = sorted(str(image) for image in folder.glob(f'{drive}*.png'))
    path.write_text(''.join(f'{image}\n' for image in images))


def score(task: Task, checkpoint: Path, work_dir: Path, options: Sequence[str]) -> float:
    """mIoU of a checkpoint on the test images of a config with some options."""
    found = finished_metrics(work_dir)
    if found is None:
        changed = ['--cfg-options', *options] if options else []
        call('test', config_of(task), checkpoint, '--work-dir', work_dir, *changed)
        found = finished_metrics(work_dir) or {}
    return found['mIoU']


def config_of(task: Task) -> str:
    """Config of the source model."""
    return f'source_only/{task.model}.py'


def call(*arguments: object) -> None:
    """Run the command of the package."""
    command = [sys.executable, '-m', 'mmseg_maxsquare', *map(str, arguments)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def table(rows: list[dict]) -> list[list]:
    """Means over the seeds, and every seed's gain, by task."""
    lines = []
    for task in TASKS:
        modes = [[r for r in rows if (r['task'], r['mode']) == (task.name, m)] for m in MODES]
        if not modes[0]:
            continue
        line = [task.name, mean(modes[0], 'before')]
        for found in modes:
            gains = ', '.join(f'{row["after"] - row["before"]:+.1f}' for row in found)
            verdicts = Counter(row['verdict'] for row in found)
            told = '; '.join(f'{count} {verdict}' for verdict, count in verdicts.items())
            line += [
                mean(found, 'after'),
                gains,
                mean(found, 'seconds'),
                mean(found, 'looks'),
                told,
            ]
        line += [mean(modes[0], 'source_before'), *(mean(m, 'source_after') for m in modes)]
        lines.append(line)
    return lines


def mean(rows: list[dict], key: str) -> float | None:
    """Mean of a field over the runs that have it; None if none has."""
    values = [row[key] for row in rows if row.get(key) is not None]
    return statistics.fmean(values) if values else None


if __name__ == '__main__':
    main()
