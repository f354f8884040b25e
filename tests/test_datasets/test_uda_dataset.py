"""Pairs of both domains: form, coverage, determinism, refusals."""

import itertools
import random
import tracemalloc
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset
from mmseg.registry import DATASETS
from mmseg.structures import SegDataSample

from mmseg_maxsquare.datasets import UDADataset

from tests.helpers.tiny_data import (
    FakeDataset,
    make_camvid,
    make_cityscapes,
    make_gta5,
    noisy_pair,
    source_cfg,
    target_cfg,
    train_pipeline,
)

SIZES = [(5, 3), (3, 5), (4, 4), (7, 1), (1, 6), (9, 2), (1, 1)]


def epoch_of(dataset: UDADataset, epoch: int) -> list[tuple[int, int]]:
    """Pairs of indices of an epoch."""
    positions = range(epoch * len(dataset), (epoch + 1) * len(dataset))
    pairs = [dataset.pair_at(position) for position in positions]
    return [(pair['source'], pair['target']) for pair in pairs]


def random_state() -> tuple:
    """State of the three global generators, comparable."""
    name, keys, *rest = np.random.get_state()
    return random.getstate(), name, keys.tolist(), rest, torch.get_rng_state().tolist()


def test_form_of_an_item(tmp_path: Path) -> None:
    """inputs and data_samples, each by domain, from the real file formats."""
    dataset = DATASETS.build(
        dict(
            type='UDADataset',
            source=source_cfg(make_gta5(tmp_path / 'gta5')),
            target=target_cfg(make_cityscapes(tmp_path / 'cityscapes')),
        )
    )
    item = dataset[0]
    assert {key: set(value) for key, value in item.items()} == {
        'inputs': {'source', 'target'},
        'data_samples': {'source', 'target'},
    }
    assert item['inputs']['source'].shape == item['inputs']['target'].shape == (3, 24, 32)
    samples = item['data_samples']
    assert isinstance(samples['target'], SegDataSample)
    assert samples['source'].gt_sem_seg.shape == (24, 32)
    assert 'gt_sem_seg' not in samples['target']
    assert 'gta5' in samples['source'].img_path and 'cityscapes' in samples['target'].img_path


def test_metainfo_is_that_of_the_source(tmp_path: Path) -> None:
    """Classes and palette of the labelled domain."""
    source = DATASETS.build(source_cfg(make_gta5(tmp_path)))
    dataset = UDADataset(source, FakeDataset(2, classes=None))
    assert dataset.metainfo == source.metainfo
    assert dataset.metainfo['classes'][0] == 'road'


def test_items_are_those_of_the_domains() -> None:
    """An item holds exactly what pair_at says, for any position."""
    dataset = UDADataset(FakeDataset(5), FakeDataset(3), seed=7)
    for position in range(23):
        pair, item = dataset.pair_at(position), dataset[position]
        for domain in ('source', 'target'):
            assert (item['inputs'][domain] == pair[domain]).all()
            assert item['data_samples'][domain].index == pair[domain]


@pytest.mark.parametrize(('source', 'target'), SIZES)
def test_length_is_the_longer_domain(source: int, target: int) -> None:
    """|S|, or |T| when it is larger."""
    assert len(UDADataset(FakeDataset(source), FakeDataset(target))) == max(source, target)


@pytest.mark.parametrize(('source', 'target'), [*SIZES, (305, 62), (40, 111)])
@pytest.mark.parametrize('seed', [0, 1])
def test_every_epoch_covers_both_domains_evenly(source: int, target: int, seed: int) -> None:
    """The longer domain exactly once, counts of the shorter differ by at most one."""
    dataset = UDADataset(FakeDataset(source), FakeDataset(target), seed=seed)
    for epoch in (0, 1, 2, 3, 100):
        for size, column in zip(
            (source, target), np.transpose(epoch_of(dataset, epoch)), strict=True
        ):
            counts = np.bincount(column, minlength=size)
            assert len(counts) == size and counts.sum() == len(dataset)
            assert counts.max() - counts.min() <= 1
            if size == len(dataset):
                assert (counts == 1).all()


def test_order_of_access_does_not_matter() -> None:
    """Jumping between epochs gives what counting through gives."""
    dataset = UDADataset(FakeDataset(5), FakeDataset(3), seed=1)
    straight = [dataset.pair_at(position) for position in range(40)]
    jumps = np.random.default_rng(0).permutation(40).tolist()
    assert [dataset.pair_at(position) for position in jumps] == [straight[p] for p in jumps]


def test_pairs_change_from_epoch_to_epoch() -> None:
    """A source image meets other target images; in time it meets each."""
    dataset = UDADataset(FakeDataset(12), FakeDataset(4), seed=0)
    epochs = [epoch_of(dataset, epoch) for epoch in range(60)]
    assert len({tuple(epoch) for epoch in epochs}) == 60
    partners = [set() for _ in range(12)]
    for source, target in itertools.chain(*epochs):
        partners[source].add(target)
    assert partners == [{0, 1, 2, 3}] * 12


def test_equal_sizes_are_not_locked_together() -> None:
    """Both domains are shuffled by themselves: few images meet their own index."""
    dataset = UDADataset(FakeDataset(50), FakeDataset(50), seed=0)
    same = [source == target for epoch in range(20) for source, target in epoch_of(dataset, epoch)]
    assert 0.005 < np.mean(same) < 0.05  # 1/50 by chance


def test_an_item_is_a_function_of_seed_and_position(tmp_path: Path) -> None:
    """Two objects, other global random states, another order of reading: same pixels."""
    first, second = noisy_pair(tmp_path, seed=3), noisy_pair(tmp_path, seed=3)
    expected = [first[position] for position in range(8)]
    for position in reversed(range(8)):
        random.seed(position)
        np.random.seed(position)
        torch.manual_seed(position)
        item = second[position]
        for domain in ('source', 'target'):
            assert torch.equal(item['inputs'][domain], expected[position]['inputs'][domain])
        assert torch.equal(
            item['data_samples']['source'].gt_sem_seg.data,
            expected[position]['data_samples']['source'].gt_sem_seg.data,
        )


def test_draws_differ_between_positions_domains_and_seeds(tmp_path: Path) -> None:
    """No two reads share their random numbers."""
    draws = []
    for seed in (0, 1):
        dataset = noisy_pair(tmp_path, seed=seed)
        for position in range(9):
            inputs = dataset[position]['inputs']
            # The noise sits in a corner: left or, when mirrored before, also left.
            draws += [tuple(inputs[domain][:, 0, 0].tolist()) for domain in inputs]
    assert len(draws) == 36
    for generator in range(3):
        assert len({draw[generator] for draw in draws}) == 36


def test_seeds_give_other_orders() -> None:
    """The order depends on the seed; no seed is seed 0."""
    orders = [
        epoch_of(UDADataset(FakeDataset(20), FakeDataset(10), seed=seed), 0)
        for seed in (0, 1, 2, None)
    ]
    assert orders[0] == orders[3]
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_reading_leaves_the_random_state_alone(tmp_path: Path) -> None:
    """Building and reading in the training process draws from no global generator."""
    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    before = random_state()
    dataset = noisy_pair(tmp_path)
    for position in range(5):
        dataset[position]
    assert random_state() == before


def test_failing_read_leaves_the_random_state_alone(tmp_path: Path) -> None:
    """So does a read that ends in an exception."""
    dataset = noisy_pair(tmp_path)
    for path in (tmp_path / 'gta5/images').iterdir():
        path.unlink()
    before = random_state()
    with pytest.raises(FileNotFoundError):
        dataset[0]
    assert random_state() == before


def test_memory_does_not_grow_with_the_product() -> None:
    """24,966 x 2,975 images (GTA5 to Cityscapes): some bytes per image, not per pair."""
    dataset = UDADataset(FakeDataset(24966), FakeDataset(2975), seed=0)
    tracemalloc.start()
    try:
        pairs = [dataset.pair_at(position) for position in (0, 24965, 24966, 74_000_000)]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(pairs) == 4
    assert peak < 64 * (24966 + 2975)


def test_position_must_not_be_negative() -> None:
    """Python's counting from the end makes no sense in an endless stream."""
    with pytest.raises(IndexError, match='-1'):
        UDADataset(FakeDataset(2), FakeDataset(2))[-1]


def test_labels_of_the_target_are_dropped(tmp_path: Path) -> None:
    """A target data set that loads labels still gives none."""
    root = make_camvid(tmp_path)
    cfg = dict(type='CamVidDataset', data_root=str(root), pipeline=train_pipeline())
    target = DATASETS.build({**cfg, 'drives': ('0001TP',)})
    dataset = UDADataset({**cfg, 'drives': ('0006R0',)}, target)
    assert 'gt_sem_seg' in target[0]['data_samples']
    for position in range(4):
        samples = dataset[position]['data_samples']
        assert 'gt_sem_seg' not in samples['target']
        assert samples['source'].gt_sem_seg.data.max() <= 255


def test_folder_of_images_as_target(tmp_path: Path) -> None:
    """A target without any class list or label file."""
    make_cityscapes(tmp_path / 'target', train=4, val=0)
    target = dict(
        type='ImageFolderDataset',
        data_root=str(tmp_path / 'target'),
        pipeline=train_pipeline(labels=False),
    )
    dataset = UDADataset(source_cfg(make_gta5(tmp_path / 'source')), target)
    assert len(dataset) == 4
    assert dataset[3]['inputs']['target'].shape == (3, 24, 32)


def test_concatenated_sources(tmp_path: Path) -> None:
    """Two source data sets behind mmengine's ConcatDataset are one domain."""
    parts = [source_cfg(make_gta5(tmp_path / name, count=2)) for name in ('a', 'b')]
    source = dict(type='ConcatDataset', datasets=parts)
    dataset = UDADataset(source, FakeDataset(3, dataset_classes()), seed=0)
    assert len(dataset) == 4
    assert isinstance(dataset.domains['source'], ConcatDataset)
    folders = Counter(
        Path(dataset[position]['data_samples']['source'].img_path).parts[-3]
        for position in range(4)
    )
    assert folders == {'a': 2, 'b': 2}


def dataset_classes() -> list[str]:
    """Cityscapes' class list, as a list."""
    return list(DATASETS.get('CityscapesDataset').METAINFO['classes'])


def test_class_lists_that_differ() -> None:
    """Both lists are shown, also when only the order differs."""
    with pytest.raises(ValueError, match='class lists') as error:
        UDADataset(FakeDataset(2, ('road', 'car')), FakeDataset(2, ('car', 'road')))
    assert "['road', 'car']" in str(error.value)
    assert "['car', 'road']" in str(error.value)


def test_class_lists_of_real_data_sets(tmp_path: Path) -> None:
    """CamVid and GTA5 do not fit; a common subset does."""
    camvid = dict(
        type='CamVidDataset',
        data_root=str(make_camvid(tmp_path / 'camvid')),
        pipeline=train_pipeline(labels=False),
    )
    gta5 = source_cfg(make_gta5(tmp_path / 'gta5'))
    with pytest.raises(ValueError, match=r"(?s)'bicycle'.*'bicyclist'"):
        UDADataset(gta5, camvid)
    meta = dict(classes=['road', 'building', 'car'])
    dataset = UDADataset({**gta5, 'metainfo': meta}, {**camvid, 'metainfo': meta})
    labels = [dataset[i]['data_samples']['source'].gt_sem_seg.data for i in range(len(dataset))]
    assert torch.stack(labels).unique().tolist() == [0, 1, 2, 255]


@pytest.mark.parametrize(('source', 'target', 'name'), [(0, 3, 'source'), (3, 0, 'target')])
def test_empty_domain(source: int, target: int, name: str) -> None:
    """An empty domain is named."""
    with pytest.raises(ValueError, match=f'the {name} data set .* is empty'):
        UDADataset(FakeDataset(source), FakeDataset(target))


@pytest.mark.parametrize('serialize', [True, False])
def test_empty_folder_of_a_stock_data_set(tmp_path: Path, serialize: bool) -> None:
    """mmseg's Cityscapes on a folder without images: the domain and the folder are named."""
    folder = tmp_path / 'cityscapes/leftImg8bit/train'
    folder.mkdir(parents=True)
    with pytest.raises(ValueError, match='the target data set .* is empty') as error:
        UDADataset(
            source_cfg(make_gta5(tmp_path / 'gta5')),
            target_cfg(tmp_path / 'cityscapes', serialize_data=serialize),
        )
    assert str(folder) in str(error.value)


class Picky(FakeDataset):
    """A data set of the user's own, without mmengine's arguments, that refuses its own."""

    def __init__(self, length: int) -> None:
        super().__init__(length)
        raise ValueError(f'length {length} does not please me')


@pytest.mark.parametrize('wrapped', [False, True])
def test_error_of_a_foreign_data_set_stays(wrapped: bool) -> None:
    """Looking for empty folders must not bury what the data set itself says."""
    cfg = dict(type=Picky, length=4)
    cfg = dict(type='ConcatDataset', datasets=[cfg]) if wrapped else cfg
    with pytest.raises(ValueError, match='length 4 does not please me'):
        UDADataset(cfg, FakeDataset(2))


def test_source_without_labels(tmp_path: Path) -> None:
    """A source pipeline without LoadAnnotations is refused with the line to write."""
    source = source_cfg(make_gta5(tmp_path), pipeline=train_pipeline(labels=False))
    with pytest.raises(ValueError, match='gives no labels') as error:
        UDADataset(source, FakeDataset(2, dataset_classes()))
    assert "dict(type='LoadAnnotations')" in str(error.value)
    assert str(tmp_path / 'images') in str(error.value)


def test_source_without_class_list() -> None:
    """A plain set of images cannot be the source."""
    with pytest.raises(ValueError, match='no class list'):
        UDADataset(FakeDataset(2, None), FakeDataset(2))


@pytest.mark.parametrize('domain', ['source', 'target'])
def test_pipeline_without_pack(tmp_path: Path, domain: str) -> None:
    """A pipeline that does not end with PackSegInputs is refused, with its keys."""
    bare = source_cfg(make_gta5(tmp_path), pipeline=train_pipeline()[:-1])
    domains = {'source': FakeDataset(2, dataset_classes())}
    domains['target'] = domains['source']
    with pytest.raises(ValueError, match=f'{domain} data set .*PackSegInputs') as error:
        UDADataset(**{**domains, domain: bare})
    assert "'gt_seg_map'" in str(error.value)


@pytest.mark.parametrize('build', [dict, lambda **kwargs: UDADataset(**kwargs)])
def test_configs_and_objects_are_both_taken(build: Callable) -> None:
    """Domains may be data sets or configs; the wrapper itself too."""
    built = build(source=FakeDataset(2), target=FakeDataset(3), seed=4)
    if isinstance(built, dict):
        built = DATASETS.build(dict(type='UDADataset', **built))
    assert (len(built), built.seed) == (3, 4)


def test_target_images_alone() -> None:
    """Without a source: items have the target only, each image once in an epoch, no labels."""
    dataset = UDADataset(None, FakeDataset(5), seed=3)
    assert len(dataset) == 5 and set(dataset.domains) == {'target'}
    item = dataset[7]
    assert {key: set(value) for key, value in item.items()} == {
        'inputs': {'target'},
        'data_samples': {'target'},
    }
    assert 'gt_sem_seg' not in item['data_samples']['target']
    orders = [[dataset.pair_at(5 * epoch + i)['target'] for i in range(5)] for epoch in range(3)]
    assert all(sorted(order) == list(range(5)) for order in orders)
    assert len({tuple(order) for order in orders}) > 1
