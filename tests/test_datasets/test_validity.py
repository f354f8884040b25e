"""Pixels that steps of the target pipeline fill in, counted as no pixels at all."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmseg.datasets import BaseSegDataset
from mmseg.registry import DATASETS
from PIL import Image

from mmseg_maxsquare.datasets import UDADataset
from mmseg_maxsquare.datasets.validity import FIELD, VALID
from mmseg_maxsquare.models.uda_segmentor import FILLED, padding_mask

from tests.helpers.tiny_data import FORMATS, save_image, train_pipeline
from tests.helpers.tiny_models import build_model, uda_cfg

SIZE = (40, 60)
LOAD, PACK = dict(type='LoadImageFromFile'), dict(type='PackSegInputs')

CUT = dict(type='RandomCutOut', prob=1.0, n_holes=1, cutout_shape=(10, 20))
MAPPER = dict(type='KeyMapper', mapping=dict(img='img', gt_seg_map='gt_seg_map'), auto_remap=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Photographs without a black pixel."""
    rng = np.random.default_rng(0)
    for name in ('a', 'b', 'c'):
        save_image(tmp_path / f'photos/{name}.png', SIZE, rng)
    return tmp_path


def target(root: Path, *steps: dict, kind: str = 'ImageFolderDataset', **kwargs) -> dict:
    return dict(type=kind, data_root=str(root / 'photos'), pipeline=[LOAD, *steps, PACK], **kwargs)


def sample_of(cfg: dict, position: int = 0) -> dict:
    """A target sample of a pair data set without a source."""
    item = UDADataset(source=None, target=cfg)[position]
    return {key: value['target'] for key, value in item.items()}


def test_one_name() -> None:
    assert FIELD == FILLED


@pytest.mark.parametrize(
    ('step', 'share'),
    [
        (dict(type='Pad', size=(90, 50)), 1 - 40 * 60 / (50 * 90)),
        (dict(type='RandomRotate', prob=1.0, degree=(30, 30)), None),
        (dict(type='RandomRotFlip', rotate_prob=1.0, flip_prob=0.0, degree=(30, 30)), None),
        (dict(type='RandomCutOut', prob=1.0, n_holes=1, cutout_shape=(10, 20)), 200 / 2400),
        (dict(type='RandomChoice', transforms=[[dict(type='Pad', size=(90, 50))]]), None),
        (dict(type='RandomApply', prob=1.0, transforms=[CUT]), 200 / 2400),
        (dict(type='RandomApply', prob=1.0, transforms=CUT), 200 / 2400),
        (dict(MAPPER, transforms=[CUT]), 200 / 2400),
        (dict(MAPPER, transforms=[dict(type='RandomApply', prob=1.0, transforms=[CUT])]), 0.09),
        *((dict(CUT, seg_fill_in=fill), 200 / 2400) for fill in (1, VALID)),
        (dict(type='Pad', size=(90, 50), pad_val=dict(img=0, seg=1)), None),
        (dict(type='Pad', size=(90, 50), pad_val=dict(img=0, seg=VALID)), None),
        (dict(type='RandomRotate', prob=1.0, degree=(30, 30), seg_pad_val=VALID), None),
    ],
    ids=lambda value: value['type'] if isinstance(value, dict) else '',
)
def test_filled_pixels_are_marked(step: dict, share: float | None, root: Path) -> None:
    """Just those that are black, also after a flip and a crop."""
    for position in range(4):
        flip = dict(type='RandomFlip', prob=0.5)
        crop = dict(type='RandomCrop', crop_size=(36, 44))
        for steps in ((step,), (step, flip), (flip, step, crop)):
            sample = sample_of(target(root, *steps), position)
            black = (sample['inputs'] == 0).all(0)
            found = sample['data_samples'].get(FIELD)
            marked = torch.zeros_like(black) if found is None else found.data[0]
            if step['type'].startswith('RandomRot'):  # pixels at the rim are mixed with black
                assert (marked | ~black).all() or (black & ~marked).float().mean() < 0.02
            else:
                assert torch.equal(marked, black)
            if share is not None and steps == (step,):
                assert marked.float().mean().item() <= share + 1e-6
                assert marked.any()


def test_untouched_images_have_no_map(root: Path) -> None:
    sample = sample_of(target(root, dict(type='Resize', scale=(30, 20))))
    assert FIELD not in sample['data_samples']
    assert 'gt_sem_seg' not in sample['data_samples']


def test_labels_of_a_target_are_not_read(root: Path) -> None:
    """Void pixels of its labels are no filled pixels, and no crop looks at them."""
    made = FORMATS['gta5']
    folder = made.make(root / 'gta5')
    cfg = dict(made.cfg, data_root=str(folder), pipeline=train_pipeline())
    dataset = DATASETS.build(cfg)
    item = UDADataset(source=None, target=dataset)[0]
    assert not {FIELD, 'gt_sem_seg'} & set(item['data_samples']['target'].keys())


def test_wrappers_and_data_sets_of_mmseg(root: Path) -> None:
    pad = dict(type='Pad', size=(90, 50))
    plain = target(root, pad, kind='BaseSegDataset', img_suffix='.png')
    plain['data_prefix'] = dict(img_path='')
    plain['metainfo'] = dict(classes=('a',), palette=[[0, 0, 0]])
    assert isinstance(DATASETS.build(plain), BaseSegDataset)
    for cfg in (
        plain,
        dict(type='ConcatDataset', datasets=[target(root, pad), target(root, pad)]),
        dict(type='RepeatDataset', dataset=plain, times=2),
    ):
        assert FIELD in sample_of(cfg)['data_samples']


def test_the_target_loss_does_not_see_them(root: Path) -> None:
    """The loss of a padded image is that of the image alone, with its own pixel count."""
    torch.manual_seed(0)
    model = build_model(uda_cfg())
    padded = sample_of(target(root, dict(type='Pad', size=(90, 50))))
    mask = padding_mask(torch.zeros(1, 3, 50, 90), [padded['data_samples']])
    assert mask.sum() == 50 * 90 - 40 * 60
    logits = torch.randn(1, 5, 50, 90)
    label = mask.long() * 255
    alone = logits[..., :40, :60]
    whole = model.target_loss(logits, label, ignore_index=255)
    assert torch.allclose(whole, model.target_loss(alone))


def test_padding_of_the_batch_comes_on_top(root: Path) -> None:
    """Two samples of different size, one of them rotated."""
    model = build_model(uda_cfg())
    rotated = sample_of(target(root, dict(type='RandomRotate', prob=1.0, degree=(30, 30))))
    smaller = sample_of(target(root, dict(type='Resize', scale=(30, 20))))
    items = [rotated, smaller]
    batch = {key: dict(target=[item[key] for item in items]) for key in rotated}
    data = model.data_preprocessor(batch, True)
    mask = padding_mask(data['inputs']['target'], data['data_samples']['target'])
    assert torch.equal(mask[0][:40, :60], rotated['data_samples'].get(FIELD).data[0])
    assert not mask[1][:20, :30].any()
    assert mask[1].sum() == mask[1].numel() - 20 * 30


@pytest.mark.parametrize('kind', ['ours', 'mmseg'])
def test_labels_of_filled_source_pixels_are_ignored(kind: str, root: Path) -> None:
    """mmseg's RandomRotFlip makes them 0, which is a class, and mixes ids at edges."""
    steps = [dict(type='RandomRotFlip', rotate_prob=1.0, flip_prob=0.0, degree=(30, 30))]
    made = FORMATS['camvid']
    source = dict(made.cfg, data_root=str(made.make(root / 'source')))
    if kind == 'mmseg':
        source = stock_source(root)
    source['pipeline'] = train_pipeline(dict(type='RandomApply', prob=1.0, transforms=steps))
    item = UDADataset(source=source, target=target(root))[0]
    image, label = (item[key]['source'] for key in ('inputs', 'data_samples'))
    label = label.gt_sem_seg.data[0]
    filled = torch.nn.functional.max_pool2d((image != 0).any(0)[None].float(), 3, 1, 1)[0] == 0
    assert filled.float().mean() > 0.05
    assert (label[filled] == 255).all()
    if kind == 'mmseg':
        assert set(label.unique().tolist()) == {0, 2, 255}


def stock_source(root: Path) -> dict:
    """Labels of two values, between which there is a class."""
    label = np.zeros(SIZE, np.uint8)
    label[10:30] = 2
    (root / 'labels').mkdir()
    for name in ('a', 'b', 'c'):
        Image.fromarray(label).save(root / f'labels/{name}.png')
    return dict(
        type='BaseSegDataset',
        data_root=str(root),
        img_suffix='.png',
        data_prefix=dict(img_path='photos', seg_map_path='labels'),
        metainfo=dict(classes=('a', 'b', 'c'), palette=[[0] * 3, [1] * 3, [2] * 3]),
    )
