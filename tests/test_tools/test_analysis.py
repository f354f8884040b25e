"""Rows and tables of the studies."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

ANALYSIS = Path(__file__).resolve().parents[2] / 'tools/analysis'


def load(name: str):
    """A tool as a module."""
    spec = importlib.util.spec_from_file_location(name, ANALYSIS / f'{name}.py')
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


rows, report = load('rows'), load('report')
RESULTS = {
    'A': {0: {'mIoU': 30.0, 'IoU.road': 60.0}, 1: {'mIoU': 34.0, 'IoU.road': 70.0}},
    'B': {0: {'mIoU': 31.0, 'IoU.road': 61.0}, 1: {'mIoU': 37.0, 'IoU.road': 72.0}},
}


def test_table_pairs_differences_by_seed() -> None:
    """Differences 1 and 3: mean 2, deviation sqrt(2); not that of the means."""
    assert report.markdown_table(RESULTS, ['A', 'B']).splitlines() == [
        '| method | mIoU | vs A | vs B | road |',
        '|---|---|---|---|---|',
        '| A | 32.0 ± 2.8 |  | -2.0 ± 1.4 | 65.0 |',
        '| B | 34.0 ± 4.2 | +2.0 ± 1.4 |  | 66.5 |',
    ]


def test_table_of_one_seed_has_no_deviation() -> None:
    one = {name: {0: runs[0]} for name, runs in RESULTS.items()}
    assert report.markdown_table(one, ['A']).splitlines()[3] == '| B | 31.0 | +1.0 | 61.0 |'


def test_plain_model_has_nothing_of_the_adaptation() -> None:
    cfg = Config.fromfile(ANALYSIS.parents[1] / 'configs/maxsquare/camvid_day2dusk_iw_multi.py')
    model = report.plain_model(cfg).model
    assert model.type == 'EncoderDecoder' and model.backbone.pretrained is None
    assert not {'target_loss', 'guidance', 'auxiliary_head'} & set(model)
    assert cfg.model.type == 'UDAEncoderDecoder'


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for tools/train.py: leaves a checkpoint and a validation."""
    calls = []

    def train(config: Path, work_dir: Path, max_iters: int) -> None:
        calls.append(work_dir)
        (work_dir / config.name).write_text('what the runner dumps there')
        (work_dir / 'last_checkpoint').write_text(str(work_dir / f'iter_{max_iters}.pth'))
        logs = work_dir / '20260101/vis_data'
        logs.mkdir(parents=True)
        lines = [{'loss': 1.0, 'step': 1}, {'mIoU': 10.0, 'step': 1}, {'mIoU': 20.0, 'step': 2}]
        (logs / 'scalars.json').write_text('\n'.join(map(json.dumps, lines)) + '\n{"mIoU": 3')

    monkeypatch.setattr(rows, '_train', train)
    return calls


ROWS = [
    rows.Row('Source', 'source_only/camvid_day.py'),
    rows.Row('Max+IW', 'maxsquare/camvid_day2dusk_iw.py', 'Source'),
]


def test_rows_run_once_and_start_from_their_source(trained: list[Path], tmp_path: Path) -> None:
    results = rows.run_rows(ROWS, [0, 1], tmp_path)
    assert results['Max+IW'][1]['mIoU'] == 20.0  # the last validation, a torn line left out
    cfg = Config.fromfile(tmp_path / 'seed1/max_iw.py')
    assert cfg.load_from == str(tmp_path / 'seed1/source/iter_500.pth')
    assert cfg.randomness.seed == 1
    assert rows.run_rows(ROWS, [0, 1], tmp_path) == results
    assert len(trained) == 4


def test_rows_refuse_results_of_another_config(trained: list[Path], tmp_path: Path) -> None:
    rows.run_rows(ROWS[:1], [0], tmp_path)

    def shorter(cfg: Config) -> None:
        cfg.train_cfg.max_iters = 3

    with pytest.raises(RuntimeError, match='another config'):
        rows.run_rows(ROWS[:1], [0], tmp_path, shorter)


def test_failed_run_names_its_log(tmp_path: Path) -> None:
    def broken(cfg: Config) -> None:
        cfg.train_dataloader.dataset.data_root = '/nowhere'

    with pytest.raises(RuntimeError, match=r'no folder /nowhere') as error:
        rows.run_rows(ROWS[:1], [0], tmp_path, broken)
    assert str(tmp_path / 'seed0/source/train.log') in str(error.value)
