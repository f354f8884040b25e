"""The CamVid day -> dusk study: python tools/analysis/camvid_study.py --data FOLDER

Trains every row with every seed (what is finished is kept, so a stopped study
goes on), then writes table.md, sheet.png and predictions.png (the sheet without CamVid's own
pictures).
"""

import argparse
import os
import time
from pathlib import Path

from mmengine.config import Config

from report import markdown_table, picture_sheet
from rows import REPO, Row, last_checkpoint, run_rows

ROWS = [
    Row('Source model', 'source_only/camvid_day.py'),
    Row('Source only', 'source_only/camvid_day_continued.py', 'Source model'),
    Row('BN control', 'source_only/camvid_day2dusk_bn.py', 'Source model'),
    Row('MinEnt', 'minent/camvid_day2dusk_literal.py', 'Source model'),
    Row('MaxSquare', 'maxsquare/camvid_day2dusk_literal.py', 'Source model'),
    Row('MaxSquare+IW', 'maxsquare/camvid_day2dusk_iw_literal.py', 'Source model'),
    Row('MaxSquare+IW+Multi', 'maxsquare/camvid_day2dusk_iw_multi_literal.py', 'Source model'),
]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    shared = os.environ.get('MMSEG_MAXSQUARE_SHARED', '../shared')
    parser.add_argument('--data', default=f'{shared}/data', help='folder that holds CamVid/')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0, 1, 2])
    parser.add_argument('--out', type=Path, default=Path('work_dirs/camvid_study'))
    return parser.parse_args()


def main() -> None:
    args = parse_args()
    if not os.path.isdir(f'{args.data}/CamVid'):
        raise SystemExit(f'error: no folder {args.data}/CamVid; give its parent with --data')
    os.environ['MMSEG_MAXSQUARE_DATA'] = os.path.abspath(args.data)
    started = time.time()
    out = args.out.resolve()
    results = run_rows(ROWS, args.seeds, out)
    results.pop('Source model')  # has had fewer source steps than the rows
    table = markdown_table(results, ['Source only', 'BN control'])
    (out / 'table.md').write_text(table)
    first = out / f'seed{args.seeds[0]}'
    shown = [row for row in ROWS if row.name in ('Source only', 'BN control', 'MaxSquare+IW+Multi')]
    config = Config.fromfile(REPO / 'configs' / ROWS[0].config)
    checkpoints = {row.name: last_checkpoint(first / row.slug) for row in shown}
    picture_sheet(config, checkpoints, out / 'sheet.png')
    # CamVid's own pictures are not ours to publish.
    picture_sheet(config, checkpoints, out / 'predictions.png', count=3, show_data=False)
    print(f'\nmIoU (%) of the last checkpoint on the dusk test half, seeds {args.seeds}\n\n{table}')
    print(f'{time.time() - started:.0f} s; {out / "table.md"}, {out / "sheet.png"}')


if __name__ == '__main__':
    main()
