"""Figure 5: on which target images does each loss help?

The source model is trained. The 30 % of the test images on which it is most confident are
the top set, the 30 % on which it is least confident the bottom set. Then it is fine-tuned
with each loss, and evaluated ten times on the way. Finished runs are kept.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import fmean
from zlib import crc32

from mmengine.config import Config

from mmseg_maxsquare.runs.config import parse_options, use_data_folder
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.machine import require_folder
from mmseg_maxsquare.shipped import shipped_configs

from .plots import COLOURS, DASHES, axes, save
from .rows import Run
from .run_logs import records
from .run_options import change_run
from .runner import execute, work_dir_of

SHARE = 0.3
SETS = dict(aAcc='all', top='top set', bottom='bottom set')
METHODS = dict(EntMin='minent', MaxSquare='maxsquare')
SCORINGS = 10
KINDS = ('digits', 'office31')  # of tasks, in the names of the configs
FIELDS = ('method', 'set', 'seed', 'step', 'accuracy (%)')
Point = tuple[str, str, int, int, float]  # as FIELDS


def figure5(
    task: str,
    seeds: Sequence[int] = (0,),
    data: Path | None = None,
    out: Path | None = None,
    options: Sequence[str] = (),
) -> None:
    """Run and draw Figure 5; the numbers are in a CSV beside the PNG.

    Args:
        task: Names the classification configs ``source_only/TASK.py``,
            ``minent/TASK.py`` and ``maxsquare/TASK.py``, such as ``office31_a2w``.
        seeds: Seeds of every run.
        data: Folder of the data sets. Defaults to ``MMSEG_MAXSQUARE_DATA``.
        out: Folder of runs and picture. Defaults to ``work_dirs/figures/figure5/TASK``.
        options: Overrides of fields of every config, ``field=value``.
    """
    folder = shipped_configs() / 'maxsquare'
    known = sorted(path.stem for kind in KINDS for path in folder.glob(f'{kind}_*.py'))
    if task not in known:
        fail(f'no task {task}; the available tasks: {", ".join(known)}')
    use_data_folder(data)
    changes = parse_options(options)
    out = (out or Path('work_dirs/figures/figure5', task)).resolve()
    require_folder(out, '--out')
    points: list[Point] = []
    for seed in dict.fromkeys(seeds):
        try:
            points += measure(task, seed, out, changes)
        except RuntimeError as error:
            fail(str(error))
    path = out / 'figure5.png'
    draw(points, path)
    print(path)


def measure(task: str, seed: int, out: Path, options: dict) -> Iterator[Point]:
    """Train (or resume) the source model and both methods; yields their accuracies."""
    source = Run(f'source_only/{task}.py')
    folder = work_dir_of(source, seed, out)
    print(f'seed {seed}: {source.slug}', flush=True)
    execute(source, seed, out, _adjustment(options, output_dir=str(folder)))
    predictions = read_predictions(folder / 'predictions.csv')
    sets = split(predictions)
    lists = {name: out / f'seed{seed}' / f'{name}.txt' for name in sets}
    for name, path in lists.items():
        path.write_text('\n'.join(sorted(sets[name])) + '\n', encoding='utf-8')
    subsets = {name: str(path) for name, path in lists.items()}
    everything = dict(aAcc=set(predictions), **sets)
    for method, folder_name in METHODS.items():
        for name, images in everything.items():
            start = 100 * fmean(predictions[image][1] for image in images)
            yield method, SETS[name], seed, 0, start
        run = Run(f'{folder_name}/{task}.py', start=source)
        print(f'seed {seed}: {run.slug}', flush=True)
        execute(run, seed, out, _adjustment(options, scorings=SCORINGS, subsets=subsets))
        # A resumed run may have evaluated some steps twice.
        scored = {r['step']: r for r in records(work_dir_of(run, seed, out)) if 'aAcc' in r}
        for step, record in scored.items():
            for name in everything:
                yield method, SETS[name], seed, step, record[name]


def _adjustment(options: dict, scorings: int = 1, **evaluator: object) -> Callable[[Config], None]:
    """Changes of a config: options, evaluation interval and evaluator."""

    def adjust(cfg: Config) -> None:
        change_run(cfg, options)
        cfg.val_evaluator.update(evaluator)
        cfg.train_cfg.val_interval = max(1, cfg.train_cfg.max_iters // scorings)

    return adjust


def read_predictions(path: Path) -> dict[str, tuple[float, bool]]:
    """Confidence of every image's prediction, and whether it is right, by the image's name."""
    with path.open(newline='', encoding='utf-8') as stream:
        return {
            row['image']: (float(row['confidence']), row['truth'] == row['predicted'])
            for row in csv.DictReader(stream)
        }


def split(predictions: dict[str, tuple[float, bool]]) -> dict[str, set[str]]:
    """The images with the highest and the lowest confidence, 30 % each, rounded down.

    Args:
        predictions: From :func:`read_predictions`; images of equal confidence are sorted
            in an order that does not depend on their classes.

    Returns:
        Names of the images in ``top`` and ``bottom``.
    """
    order = sorted(predictions, key=lambda image: (predictions[image][0], crc32(image.encode())))
    count = max(1, int(SHARE * len(order)))
    return dict(top=set(order[-count:]), bottom=set(order[:count]))


def draw(points: list[Point], path: Path) -> None:
    """Plot the accuracies over the steps: a panel for each set, a line for each method."""
    panels = axes(columns=len(SETS), width=3.2, height=3.0)
    for panel, shown in zip(panels, SETS.values(), strict=True):
        for number, method in enumerate(METHODS):
            found = [p for p in points if p[:2] == (method, shown)]
            steps = sorted({step for *_, step, _ in found})
            values = [[p[4] for p in found if p[3] == step] for step in steps]
            colour = COLOURS[number + 1]
            style = dict(color=colour, linestyle=DASHES[number], label=method)
            panel.plot(steps, [fmean(v) for v in values], **style)
            low, high = list(map(min, values)), list(map(max, values))
            panel.fill_between(steps, low, high, color=colour, alpha=0.15, linewidth=0)
        panel.set(xlabel='step', ylim=(0, 103))
        panel.set_title(shown, loc='left', fontsize=9)
    seeds = len({p[2] for p in points})
    panels[0].set_ylabel('accuracy on the target (%)')
    title = 'one seed' if seeds == 1 else f'mean and range of {seeds} seeds'
    panels[0].legend(frameon=False, fontsize=8, title=title, title_fontsize=8, loc='lower right')
    save(panels[0].figure, path, FIELDS, points)
