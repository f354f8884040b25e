"""The demo in several worlds: mIoU of its rows, verdicts, and seconds: python benchmarks/demo.py

Takes six to ten minutes for a world on two quiet cores.
"""

import argparse
import csv
import subprocess
import sys
import time
from pathlib import Path

from measure import report
from steps import RESULTS

from mmseg_maxsquare.analysis.run_logs import finished_metrics
from mmseg_maxsquare.demo.adaptations import MODES, folder_of, verdict_of
from mmseg_maxsquare.demo.demo import METRIC

HELD_OUT = 'source model on held-out source'


def main() -> None:
    """Run the demos, print the table and write it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--out', type=Path, default=RESULTS / 'demo', help='must not exist')
    args = parser.parse_args()
    if args.out.exists():
        parser.error(f'{args.out} exists; a finished demo would only be reported again')
    worlds = {seed: measure(seed, args.out) for seed in args.seeds}
    columns = ['world', *next(iter(worlds.values()))]
    rows = [[str(seed), *found.values()] for seed, found in worlds.items()]
    about = 'mIoU in % over the drawn classes of the target; two runs at a time'
    report('The demo', columns, rows, about, args.out / 'demo.json')


def measure(seed: int, out: Path) -> dict[str, float | str]:
    """One world: mIoU by row, verdicts of both modes, and seconds of the command."""
    started = time.time()
    command = [sys.executable, '-m', 'mmseg_maxsquare', 'demo', '--seed', str(seed)]
    subprocess.run([*command, '--out', out], check=True, stdout=subprocess.DEVNULL)
    seconds = time.time() - started
    folder = out / f'seed{seed}'
    with (folder / 'demo/table.csv').open(newline='') as stream:
        lines = [line for line in csv.DictReader(stream) if line['column'] == METRIC]
    found = {line['row']: float(line['ours_mean']) for line in lines}
    kept = finished_metrics(folder / 'held_out') or {}
    verdicts = {f'{mode}, verdict': verdict_of(folder_of(mode, folder)) for mode in MODES}
    return {**found, HELD_OUT: kept[METRIC], **verdicts, 'seconds': seconds}


if __name__ == '__main__':
    main()
