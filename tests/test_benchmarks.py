"""The planned run on a GPU, on a CPU: every part works and leaves its numbers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import REPO


@pytest.mark.slow
def test_all_parts_of_the_gpu_run(tmp_path: Path) -> None:
    options = ['--device', 'cpu', '--size', '64', '64', '--repeats', '1', '--minutes', '30']
    line = [sys.executable, REPO / 'benchmarks/gpu.py', *options, '--out', tmp_path]
    subprocess.run(line, check=True, cwd=tmp_path)
    found = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob('*/*.json')}
    parts = 'floor authors precision syncs methods precision_batch4 compile loader'
    assert set(found) == set(parts.split())
    precision = found['precision']
    loss = precision['columns'].index('loss difference')
    losses = {row[0]: row[loss] for row in precision['rows']}
    assert losses['fp32'] == 0
    assert losses['fp32, channels_last'] < 1e-5
    assert [row[1] for row in found['syncs']['rows']] == [6, 6]
    assert found['syncs']['command'].startswith('python benchmarks/host_syncs.py --device cpu')
    assert found['syncs']['made_by']['commit']


def test_a_part_without_time_is_named(tmp_path: Path) -> None:
    line = [sys.executable, REPO / 'benchmarks/gpu.py', '--minutes', '0', '--out', tmp_path]
    done = subprocess.run(line, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count('missing: ') == 8
    assert 'missing: floor' in done.stderr and not any(tmp_path.iterdir())
