"""The data check of every method: sound data pass, a fault in its own part is named."""

from pathlib import Path

import pytest
from mmengine.config import Config

from mmseg_maxsquare.doctor.check import check
from mmseg_maxsquare.runs.findings import Finding

from tests.helpers import REPO
from tests.helpers.tiny_data import make_camvid

LEAVES = [
    *('adaptsegnet/camvid_day2dusk', 'cbst/camvid_day2dusk', 'cross_city/camvid_day2dusk'),
    *(f'advent/camvid_day2dusk_{variant}' for variant in ('minent', 'minent_er', 'advent')),
]


def findings(leaf: str, root: Path, monkeypatch: pytest.MonkeyPatch, **options) -> list[Finding]:
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', str(root))
    make_camvid(root / 'CamVid')
    cfg = Config.fromfile(REPO / f'configs/{leaf}.py')
    cfg.work_dir = str(root / 'work')
    cfg.merge_from_dict(dict(load_from=None) | options)
    (root / 'out').mkdir()
    return [found for found in check(cfg, root / 'out')[0] if found.level == 'error']


@pytest.mark.parametrize('leaf', LEAVES)
def test_sound(leaf: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert findings(leaf, tmp_path, monkeypatch) == []


@pytest.mark.parametrize(
    ('leaf', 'options', 'what'),
    [
        ('adaptsegnet/camvid_day2dusk', {'optim_wrapper.methods': None}, 'methods.optimizer: miss'),
        ('adaptsegnet/camvid_day2dusk', {'model.methods.0.weights.head': 1.0}, 'no head'),
        (
            'cbst/camvid_day2dusk',
            {'train_cfg.portion': 1.5},
            'train_cfg.portion: must lie in (0, 1]',
        ),
        ('cbst/camvid_day2dusk', {'train_cfg.rounds': 0}, 'train_cfg.rounds: must be a whole'),
        ('cbst/camvid_day2dusk', {'train_cfg.max_iters': 9}, 'rounds * round_iters is 300'),
        ('cbst/camvid_day2dusk', {'train_cfg.select': 99}, '99 images, but the target has 2'),
    ],
)
def test_faults(
    leaf: str, options: dict, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = findings(leaf, tmp_path, monkeypatch, **options)
    assert any(what in f'{one.where}: {one.what}' for one in found), found
