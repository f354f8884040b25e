"""A run's config: overrides of the command line, its name, its work dir."""

import os
from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.runs.config import load_config, merge_options, parse_options, read_config

from tests.helpers import REPO


def test_options_are_read_as_mmengine_reads_them() -> None:
    words = ['a.b=0.05', 'c=[1,2]', 'd=None', 'e=text', 'f=(1,2)', "g='x=y'", 'h=-1', 'i=True']
    assert parse_options(words) == {
        'a.b': 0.05, 'c': [1, 2], 'd': None, 'e': 'text', 'f': (1, 2), 'g': 'x=y', 'h': -1,
        'i': True,
    }  # fmt: skip
    assert parse_options([]) == {}


@pytest.mark.parametrize('word', ['train_cfg.max_iters', 'a.b 3'])
def test_an_option_without_a_value_is_refused(word: str) -> None:
    with pytest.raises(SystemExit, match='error: --cfg-options: .* is not of the form field=value'):
        parse_options(['a=1', word])


def test_options_that_fit_no_place_are_refused() -> None:
    cfg = Config(dict(steps=[dict(end=1)]))
    merge_options(cfg, {'steps.0.end': 3})
    assert cfg.steps[0].end == 3
    with pytest.raises(SystemExit, match='--cfg-options: a field does not fit .* Index 5'):
        merge_options(cfg, {'steps.5.end': 3})


@pytest.mark.parametrize(
    'config',
    ['maxsquare/gta2cs.py', 'maxsquare/gta2cs', f'{REPO}/configs/maxsquare/gta2cs.py'],
)
def test_a_shipped_config_by_name_or_path(config: str) -> None:
    cfg = load_config(config, ['model.target_loss.alpha=0.1'])
    assert cfg.run == dict(config='maxsquare/gta2cs.py', options={'model.target_loss.alpha': 0.1})
    assert cfg.work_dir == 'work_dirs/maxsquare/gta2cs'
    assert cfg.model.target_loss.alpha == 0.1


def test_a_file_comes_before_a_shipped_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'maxsquare').mkdir()
    (tmp_path / 'maxsquare/gta2cs.py').write_text('mine = 1\n')
    cfg = load_config('maxsquare/gta2cs.py', work_dir='here')
    assert cfg.mine == 1 and cfg.work_dir == 'here'
    assert cfg.run.config == 'maxsquare/gta2cs.py'


def test_neither_file_nor_name() -> None:
    with pytest.raises(SystemExit) as end:
        load_config('maxsquare/gta2c.py')
    assert str(end.value).startswith(
        'error: config: no file maxsquare/gta2c.py and no shipped config of that name; the '
        'nearest shipped configs: maxsquare/gta2cs.py, '
    )


@pytest.mark.parametrize(
    'folder', [r'D:\data\uda', "/mnt/Anna's disk/new", '/mnt/a "b" c', r'\\server\share\data']
)
def test_any_folder_of_the_data(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it stands in the environment, whatever it means in a Python string."""
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', folder)
    cfg = read_config(REPO / 'configs/source_only/gta.py')
    assert cfg.train_dataloader.dataset.data_root == f'{folder}/gta5'
    assert os.environ['MMSEG_MAXSQUARE_DATA'] == folder
