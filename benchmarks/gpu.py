"""All that a GPU must show, in one run of minutes: python benchmarks/gpu.py

Runs the other benchmarks one after the other, those that matter most first. A part that fails, or
for which no time is left, is named, and the rest goes on. With --device cpu it shows that all
parts work.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import torch
from steps import RESULTS

HERE = Path(__file__).parent


# Name of the results' folder and command line, without the options that all share.
PARTS = {
    'floor': ['step_floor.py'],
    'authors': ['authors_procedure.py'],
    'precision': ['precision_and_layout.py'],
    'syncs': ['host_syncs.py'],
    'methods': ['methods.py'],
    'precision_batch4': ['precision_and_layout.py', '--batch', '4'],
    'compile': ['precision_and_layout.py', '--compile'],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cuda' if torch.cuda.is_available() else 'cpu')
    parser.add_argument('--size', type=int, nargs=2, help='width and height of both domains')
    parser.add_argument('--repeats', type=int, default=7)
    parser.add_argument('--minutes', type=float, default=9, help='time for all parts together')
    parser.add_argument('--out', type=Path, default=RESULTS / 'gpu', help='folder of the results')
    args = parser.parse_args()
    shared = ['--device', args.device, '--repeats', str(args.repeats)]
    shared += ['--size', *map(str, args.size)] if args.size else []
    commands = {name: [*part, *shared] for name, part in PARTS.items()}
    commands['loader'] = ['input_pipeline.py']
    end, missed = time.monotonic() + 60 * args.minutes, []
    for name, (script, *options) in commands.items():
        line = [sys.executable, HERE / script, *options, '--out', args.out / name]
        try:
            subprocess.run(line, check=True, timeout=max(end - time.monotonic(), 0.01))
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            missed.append(f'{name}: {error}')
    sys.exit('\n'.join(f'missing: {reason}' for reason in missed) or 0)


if __name__ == '__main__':
    main()
