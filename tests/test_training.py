"""Every config trains two steps and is scored, on files in the real formats."""

import math
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from tests.helpers import REPO
from tests.helpers.tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_labelmefacade,
    make_nthu,
    make_office31,
    make_synthia,
)

CONFIGS = REPO / 'configs'
METHODS = (
    'source_only', 'minent', 'maxsquare', 'adaptsegnet', 'advent', 'cbst', 'cross_city', 'dann',
)  # fmt: skip
LEAVES = sorted(
    str(path.relative_to(CONFIGS))
    for folder in METHODS
    for path in (CONFIGS / folder).rglob('*.py')
)
# One of each format and kind; the others only differ in what test_configs.py checks.
FAST = (
    'maxsquare/synthia2cs_iw_multi.py',
    'maxsquare/cs2nthu_rio_iw.py',
    'minent/office31_d2a.py',
    'maxsquare/digits_uci2mnist.py',
    'adaptsegnet/cs2nthu_rio.py',
    'advent/synthia2cs_minent_er.py',
    'cbst/synthia2cs.py',
    'cross_city/camvid_day2dusk.py',
    'dann/digits_uci2mnist.py',
)
SCALE = (65, 33)
# What every config of a method logs.
TERMS = {
    'adaptsegnet': (
        'target.loss_adversarial.decode_head',
        'source.loss_discriminator.decode_head',
        'target.loss_discriminator.decode_head',
    ),
    'dann': ('source.loss_domain', 'target.loss_domain'),
    'cbst': ('decode.loss_ce',),
    'cross_city': (
        'target.loss_features.overall',
        'source.loss_domain.by_class',
        'target.loss_domain.overall',
    ),
}


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All data sets in their original formats; Cityscapes with label ids, as downloaded."""
    root = tmp_path_factory.mktemp('data')
    make_gta5(root / 'gta5')
    make_synthia(root / 'synthia')
    make_cityscapes(root / 'cityscapes', labels=dict(train='labelIds', val='labelIds'))
    make_nthu(root / 'nthu')
    make_camvid(root / 'CamVid')
    make_labelmefacade(root / 'LabelMeFacade')
    make_office31(root / 'office31')
    return root


def shrink(cfg: Config) -> None:
    """Smaller images, no processes of its own, two steps; nothing else."""

    def rescale(node: object) -> None:
        if isinstance(node, dict):
            if node.get('type') in ('Resize', 'RandomResize'):
                node['scale'] = SCALE
            if 'crop_size' in node:
                node['crop_size'] = (33, 33)
            if 'seg_pad_val' in node:
                node['size'] = (33, 33)
            for value in node.values():
                rescale(value)
        elif isinstance(node, list):
            for value in node:
                rescale(value)

    rescale(cfg._cfg_dict)
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        cfg[loader].update(num_workers=0, persistent_workers=False)
        cfg[loader].batch_size = min(cfg[loader].batch_size, 4)
    if 'pretrained' in cfg.model.backbone:
        cfg.model.backbone.pretrained = None
    cfg.load_from = None
    cfg.train_cfg.update(max_iters=2, val_interval=2)
    if cfg.train_cfg.type == 'SelfTrainingLoop':
        cfg.train_cfg.update(rounds=2, round_iters=1)
        if cfg.train_cfg.get('select'):
            cfg.train_cfg.select = 2
    cfg.default_hooks.logger.interval = 1


@pytest.mark.parametrize(
    'name', [pytest.param(n, marks=[] if n in FAST else pytest.mark.slow) for n in LEAVES]
)
def test_trains_two_steps(
    name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('MMSEG_MAXSQUARE_DATA', str(data))
    cfg = Config.fromfile(CONFIGS / name)
    shrink(cfg)
    cfg.work_dir, cfg.experiment_name = str(tmp_path), name.replace('/', '_')
    cfg.visualizer.name = cfg.experiment_name  # mmengine keeps visualizers by name
    runner = Runner.from_cfg(cfg)
    start = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    scalars = runner.message_hub.log_scalars
    assert runner.iter == 2
    for key in (k for k in scalars if 'loss' in k):
        assert all(math.isfinite(value) for value in scalars[key].data[0]), key
    assert set(TERMS.get(name.partition('/')[0], ())) <= {k.removeprefix('train/') for k in scalars}
    if name.startswith(('minent', 'maxsquare')) and 'source_' not in name:
        kind = 'entropy' if 'minent' in name else 'max_square'
        assert f'train/target.loss_{kind}' in scalars
        assert ('train/target.loss_guidance' in scalars) == ('multi' in name)
    classifies = 'Classifier' in cfg.model.type
    assert 0 <= scalars['val/aAcc' if classifies else 'val/mIoU'].current() <= 100
    for subset in cfg.val_evaluator.get('subsets', {}):
        assert 0 <= scalars[f'val/{subset}'].current() <= 100
    classes = runner.val_dataloader.dataset.metainfo['classes']
    assert len(classes) == runner.model.num_classes
    score, part = ('Acc', 'classifier') if classifies else ('IoU', 'decode_head')
    assert {f'val/{score}.{c}' for c in classes} <= set(scalars)
    weights = runner.model.state_dict()
    own = [key for key in start if key.startswith(f'{part}.') and key.endswith('weight')]
    assert any(not torch.equal(weights[key], start[key]) for key in own)
    assert (tmp_path / 'iter_2.pth').is_file()
