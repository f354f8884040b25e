"""Options of commands that train several models."""

from pathlib import Path

import pytest

from mmseg_maxsquare.analysis.run_options import change_run
from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.runs.config import read_config
from mmseg_maxsquare.shipped import shipped_configs


def test_fields_are_set() -> None:
    cfg = read_config(shipped_configs() / 'maxsquare/gta2cs.py')
    change_run(cfg, {'train_cfg.max_iters': 7, 'model.target_loss.alpha': 0.3})
    assert cfg.train_cfg.max_iters == 7 and cfg.model.target_loss.alpha == 0.3


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ({'randomness.seed': 3}, '--cfg-options: randomness.seed: give --seeds instead'),
        ({'work_dir': 'x'}, '--cfg-options: work_dir: give --out instead'),
        ({'load_from': 'x.pth'}, '--cfg-options: load_from: every row says what it starts from'),
        ({'resume': True}, '--cfg-options: resume: a run that was stopped goes on by itself'),
        ({'launcher': 'slurm'}, '--cfg-options: launcher: every run is one process'),
        ({'modell.type': 'x'}, '--cfg-options: the config has no field modell'),
        ({'train_cfg.max_iters': 'abc'}, "train_cfg.max_iters: is 'abc', expected a whole number"),
        ({'train_cfg.max_iters': 0}, 'train_cfg.max_iters: 0, expected at least 1'),
        ({'train_cfg': 'x'}, "train_cfg: is 'x', expected dict(...)"),
    ],
)
def test_fields_that_cannot_be(option: dict, message: str) -> None:
    cfg = read_config(shipped_configs() / 'maxsquare/gta2cs.py')
    with pytest.raises(SystemExit) as end:
        change_run(cfg, option)
    assert str(end.value).startswith(f'error: {message}')
    assert '\n' not in str(end.value)


def test_commands_refuse_them_before_the_plan(tmp_path: Path) -> None:
    (tmp_path / 'file').touch()
    for words in (
        ['table', '4', '--dry-run', '--cfg-options', 'randomness.seed=3'],
        ['figure', '5', 'digits_mnist2uci', '--cfg-options', 'randomness.seed=3'],
        ['study', 'evidence_digits', '--cfg-options', 'train_cfg.max_iters=abc'],
    ):
        with pytest.raises(SystemExit, match='error: (--cfg-options: randomness|train_cfg.max_it)'):
            main([*words, '--out', str(tmp_path / 'out')])
    with pytest.raises(SystemExit, match=r'error: --out: .*/file: .*/file is a file; name another'):
        main(['table', '4', '--dry-run', '--out', str(tmp_path / 'file')])
    assert not (tmp_path / 'out').exists()
