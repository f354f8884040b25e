"""Figures 2 and 4 and the gradient shares of docs/method.md, on CamVid at dusk:
``python tools/docs/method_figures.py SOURCES``

SOURCES is the folder of the study of the evidence, whose source model of seed 0 is measured. Needs
CamVid (MMSEG_MAXSQUARE_DATA). The pictures are written to docs/images, the numbers to
``work_dirs/method``, for ``results.py``.
"""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

from scipy.stats import pearsonr, spearmanr

from mmseg_maxsquare.analysis.measurements import write_measurement

ROOT = Path(__file__).parents[2]
OUT = Path('work_dirs/method')
CONFIG = 'maxsquare/camvid_day2dusk.py'  # for its test data
CHECKPOINT = 'seed0/source_only/camvid_day/iter_500.pth'
GROUPS = {  # tenths of the pixels, the least certain first
    'least certain 10 %': range(1),
    'least certain half': range(5),
    'most certain 40 %': range(6, 10),
    'most certain 10 %': range(9, 10),
}


def main() -> None:
    """Run the commands, copy the pictures and write the numbers."""
    checkpoint = Path(sys.argv[1]) / CHECKPOINT
    made = {}
    for name, command in (
        ('figure2', ['figure', '2']),
        ('figure4', ['figure', '4']),
        ('gradient_share', ['gradient-share']),
    ):
        picture = OUT / f'{name}.png'
        line = [*command, CONFIG, checkpoint, '--out', picture]
        subprocess.run([sys.executable, '-m', 'mmseg_maxsquare', *map(str, line)], check=True)
        shutil.copyfile(picture, ROOT / 'docs/images' / picture.name)
        with picture.with_suffix('.csv').open(encoding='utf-8', newline='') as stream:
            made[name] = list(csv.DictReader(stream))
    command = 'python tools/docs/method_figures.py SOURCES'
    rows = [[name, *correlations(made[name])] for name in ('figure2', 'figure4')]
    columns = ['figure', 'Pearson', 'Spearman']
    write_measurement(OUT / 'premise.json', 'Figures 2 and 4', command, columns, rows)
    columns, rows = shares(made['gradient_share'])
    title = 'Gradient by confidence and by class'
    write_measurement(OUT / 'gradient_share.json', title, command, columns, rows)


def correlations(lines: list[dict]) -> list[float]:
    """Pearson's and Spearman's correlation of a property of the classes with their IoU."""
    _, *names = lines[0]
    values = [[float(line[name]) for line in lines if all(line.values())] for name in names]
    return [float(test(*values).statistic) for test in (pearsonr, spearmanr)]


def shares(lines: list[dict]) -> tuple[list[str], list[list]]:
    """Columns and rows: share in percent by group of pixels; by class, relative to its pixels."""
    by_row: dict[str, list[dict]] = {}
    for line in lines:
        by_row.setdefault(f'{line["gradient by"]}: {line["loss"]}', []).append(line)
    groups = dict.fromkeys(each['group'] for each in lines)
    classes = [group for group in groups if not group.startswith('decile')]
    rows = []
    for name, own in by_row.items():
        tenths = [float(each['gradient (%)']) for each in own if each['group'].startswith('decile')]
        ratios = {each['group']: float(each['ratio']) for each in own}
        sums = [sum(tenths[i] for i in group) for group in GROUPS.values()]
        rows.append([name, *sums, *(ratios[each] for each in classes)])
    return ['gradient by: loss', *GROUPS, *classes], rows


if __name__ == '__main__':
    main()
