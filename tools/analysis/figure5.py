"""Run and draw Figure 5: python tools/analysis/figure5.py digits_mnist2uci --seeds 0 1 2

Which target images does each loss help: those that the source model is sure of, or the others?
TASK names the classification configs source_only/TASK.py, minent/TASK.py, maxsquare/TASK.py
(such as office31_a2w). The source model is trained; the 30 % of the test images that it is most
sure of are the top set, the 30 % that it is least sure of the bottom set. Then it is fine-tuned
with each loss, and scored ten times on the way. What is finished is kept.
"""

import argparse
import csv
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean
from zlib import crc32

from mmengine.config import Config, DictAction

from plots import COLOURS, DASHES, axes, save
from runs import execute, merge_options, records, work_dir_of
from tables import REPO, Run

SHARE = 0.3
SETS = dict(aAcc='all', top='top set', bottom='bottom set')
METHODS = dict(EntMin='minent', MaxSquare='maxsquare')
SCORINGS = 10
KINDS = ('digits', 'office31')  # of tasks, as the configs are called
FIELDS = ('method', 'set', 'seed', 'step', 'accuracy (%)')
Point = tuple[str, str, int, int, float]  # as FIELDS


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('task', help='digits_mnist2uci, digits_uci2mnist, office31_a2w, ...')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--data', type=Path, help='folder of the data sets (MMSEG_MAXSQUARE_DATA)')
    parser.add_argument(
        '--out',
        type=Path,
        help='folder of runs and picture (default: work_dirs/figures/figure5/TASK)',
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='override config fields of every run'
    )
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    folder = REPO / 'configs/maxsquare'
    known = sorted(path.stem for kind in KINDS for path in folder.glob(f'{kind}_*.py'))
    if args.task not in known:
        sys.exit(f'error: no task {args.task}; there are {", ".join(known)}')
    if args.data is not None:
        if not args.data.is_dir():
            sys.exit(f'error: --data: no folder {args.data}')
        os.environ['MMSEG_MAXSQUARE_DATA'] = str(args.data.resolve())
    out = (args.out or Path('work_dirs/figures/figure5', args.task)).resolve()
    points: list[Point] = []
    for seed in dict.fromkeys(args.seeds):
        try:
            points += measure(args.task, seed, out, args.cfg_options or {})
        except RuntimeError as error:
            sys.exit(f'error: {error}')
    path = out / 'figure5.png'
    draw(points, path)
    print(path)


def measure(task: str, seed: int, out: Path, options: dict) -> Iterator[Point]:
    """Train the source model and both methods (or go on with them); yields their accuracies."""
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
        # A run that went on after a stop has scored some steps twice.
        scored = {r['step']: r for r in records(work_dir_of(run, seed, out)) if 'aAcc' in r}
        for step, record in scored.items():
            for name in everything:
                yield method, SETS[name], seed, step, record[name]


def _adjustment(options: dict, scorings: int = 1, **evaluator: object) -> Callable[[Config], None]:
    """What is done to a config: options, how often it is scored, and how."""

    def adjust(cfg: Config) -> None:
        merge_options(cfg, options)
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
        predictions: From :func:`read_predictions`; images of one confidence come in an
            order that has nothing to do with their classes.

    Returns:
        Names of the images in ``top`` and ``bottom``.
    """
    order = sorted(predictions, key=lambda image: (predictions[image][0], crc32(image.encode())))
    count = max(1, int(SHARE * len(order)))
    return dict(top=set(order[-count:]), bottom=set(order[:count]))


def draw(points: list[Point], path: Path) -> None:
    """Write the accuracies over the steps: a panel for each set, a line for each method."""
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


if __name__ == '__main__':
    main()
