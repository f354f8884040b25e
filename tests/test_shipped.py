"""Shipped configs: found by name, listed with a line each, copied with their bases."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.shipped import (
    config_names,
    copy_config,
    describe,
    find_config,
    nearest,
    shipped_configs,
    with_bases,
)

from tests.helpers import REPO


def test_the_clone_has_one_copy() -> None:
    assert shipped_configs() == REPO / 'configs'
    assert not (REPO / 'mmseg_maxsquare/configs').exists()


def test_names_are_whole_configs() -> None:
    """All but bases, tables, studies and overlays; each has a line about it of its own."""
    names = config_names()
    assert {name.split('/')[0] for name in names} == {
        'adaptsegnet',
        'advent',
        'cbst',
        'cross_city',
        'dann',
        'evidence',
        'maxsquare',
        'minent',
        'source_free',
        'source_only',
    }
    assert len(names) == len(set(names)) > 130
    lines = [describe(name) for name in names]
    assert all(len(line) > 10 and not line.startswith('_base_') for line in lines)
    assert len(set(lines)) == len(lines)
    assert all(line.endswith('.') for line in lines)
    assert config_names('camvid_day2dusk_iw.py') == ['maxsquare/camvid_day2dusk_iw.py']


@pytest.mark.parametrize('name', config_names())
def test_a_copy_is_the_same_config(name: str, tmp_path: Path) -> None:
    first, *bases = copy_config(name, tmp_path)
    assert first == tmp_path / name and bases
    ours, theirs = (Config.fromfile(path).to_dict() for path in (find_config(name), first))
    assert ours == theirs


def test_copies_never_replace_a_file(tmp_path: Path) -> None:
    files = copy_config('maxsquare/gta2cs_iw.py', tmp_path)
    times = [path.stat().st_mtime_ns for path in files]
    # A second config shares bases with the first: what is the same is left alone.
    copy_config('maxsquare/gta2cs_iw_multi.py', tmp_path)
    assert [path.stat().st_mtime_ns for path in files] == times
    files[-1].write_text('mine = 1\n')
    before = sorted(tmp_path.rglob('*'))
    with pytest.raises(ValueError, match=f'{files[-1]} exists and is not overwritten'):
        copy_config('maxsquare/gta2cs_multi.py', tmp_path)
    assert sorted(tmp_path.rglob('*')) == before
    assert files[-1].read_text() == 'mine = 1\n'


def test_a_file_of_the_user_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / 'own.py').write_text('x = 1\n')
    with pytest.raises(ValueError, match=r'own\.py is not a shipped config'):
        copy_config(str(tmp_path / 'own.py'), tmp_path / 'out')


def test_bases_are_found_as_mmengine_finds_them() -> None:
    """Against the names that mmengine read: every field of a config comes from one of them."""
    files = with_bases(REPO / 'configs/maxsquare/gta2cs_iw_multi.py')
    assert len(files) == len(set(files)) and files[0].name == 'gta2cs_iw_multi.py'
    assert {'gta2cs_multi.py', 'default_runtime.py', 'gta2cs.py'} <= {f.name for f in files}


def test_nearest() -> None:
    assert nearest('tabel', ['train', 'table', 'test']) == ['table']
    assert nearest('zzz', ['train', 'table']) == []
