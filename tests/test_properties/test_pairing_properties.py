"""Pairs and samplers: coverage, determinism and ranks for any length and seed."""

import itertools
import random
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Sampler

from mmseg_maxsquare.datasets import UDADataset, UDASampler, uda_sampler
from mmseg_maxsquare.engine.sample_stream import StreamBatchSampler

from .property_cases import REPRODUCIBLE, SEEDS
from tests.helpers.tiny_data import FakeDataset

LENGTHS = st.tuples(st.integers(1, 40), st.integers(1, 40))
DOMAINS = ('source', 'target')


class NoisyDataset(FakeDataset):
    """Its images hold a draw of each of the three global generators."""

    def __getitem__(self, index: int) -> dict:
        draws = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return {**super().__getitem__(index), 'inputs': torch.tensor(draws, dtype=torch.float64)}


def pairs_of(lengths: tuple[int, int], seed: int | None, kind: type = FakeDataset) -> UDADataset:
    """Pairs of data sets of these lengths."""
    return UDADataset(*map(kind, lengths), seed=seed)


def pair(dataset: UDADataset, position: int) -> tuple[int, int]:
    """Index of the source and of the target image."""
    indices = dataset.pair_at(position)
    assert list(indices) == list(DOMAINS)
    return indices['source'], indices['target']


def sampler_of(
    dataset: UDADataset, rank: int = 0, ranks: int = 1, seed: int | None = None
) -> UDASampler:
    """The sampler of one of several processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(uda_sampler, 'get_dist_info', lambda: (rank, ranks))
        return UDASampler(dataset, seed)


def first(sampler: Sampler, count: int) -> list:
    """The first positions, or batches, of a sampler."""
    return list(itertools.islice(sampler, count))


@REPRODUCIBLE
@given(LENGTHS, SEEDS, st.integers(0, 10_000))
def test_an_epoch_covers_both_domains_evenly(
    lengths: tuple[int, int], seed: int, epoch: int
) -> None:
    """Each image of the longer domain once, those of the shorter equally often within one."""
    dataset = pairs_of(lengths, seed)
    longer = max(lengths)
    assert len(dataset) == longer
    pairs = [pair(dataset, position) for position in range(epoch * longer, (epoch + 1) * longer)]
    for column, size in zip(zip(*pairs, strict=True), lengths, strict=True):
        counts = Counter(column)
        assert set(counts) == set(range(size))
        assert set(counts.values()) <= {longer // size, -(-longer // size)}
        assert counts.total() == longer
        if size == longer:
            assert set(counts.values()) == {1}


@REPRODUCIBLE
@given(LENGTHS, SEEDS, st.lists(st.integers(0, 500), min_size=1, max_size=30), st.randoms())
def test_a_pair_depends_on_seed_and_position_alone(
    lengths: tuple[int, int], seed: int, positions: list[int], order: random.Random
) -> None:
    """Not on what was asked before, on the object or on global random states."""
    straight = pairs_of(lengths, seed)
    expected = {position: pair(straight, position) for position in sorted(positions)}
    jumping = pairs_of(lengths, seed)
    for position in order.sample(positions, len(positions)):
        assert pair(jumping, position) == expected[position]
        assert pair(pairs_of(lengths, seed), position) == expected[position]
        item = jumping[position]['data_samples']
        assert tuple(item[domain].index for domain in DOMAINS) == expected[position]


@REPRODUCIBLE
@given(LENGTHS, SEEDS, st.lists(st.integers(0, 500), min_size=2, max_size=6, unique=True))
def test_draws_of_an_item_depend_on_seed_and_position_alone(
    lengths: tuple[int, int], seed: int, positions: list[int]
) -> None:
    """Each read has random numbers of its own, and leaves the global ones alone."""
    dataset, draws = pairs_of(lengths, seed, NoisyDataset), {}
    for position in positions:
        for domain, image in dataset[position]['inputs'].items():
            draws[position, domain] = image.tolist()
    for generator in zip(*draws.values(), strict=True):
        assert len(set(generator)) == len(draws) == 2 * len(positions)
    again = pairs_of(lengths, seed, NoisyDataset)
    random.seed(seed)
    expected = random.random()
    random.seed(seed)
    for position in reversed(positions):
        for domain, image in again[position]['inputs'].items():
            assert image.tolist() == draws[position, domain]
    assert random.random() == expected
    other = pairs_of(lengths, seed + 1, NoisyDataset)[positions[0]]['inputs']['source']
    assert other.tolist() != draws[positions[0], 'source']


@REPRODUCIBLE
@given(st.integers(6, 40), st.integers(1, 40), SEEDS, st.integers(0, 10_000), st.booleans())
def test_epochs_are_shuffled_differently(
    longer: int, shorter: int, seed: int, epoch: int, swapped: bool
) -> None:
    """Of five epochs two may agree by chance (1 of 720 for 6 images), but hardly three."""
    lengths = (longer, min(shorter, longer))
    dataset = pairs_of(lengths[::-1] if swapped else lengths, seed)
    orders = [
        tuple(pair(dataset, number * longer + place)[swapped] for place in range(longer))
        for number in range(epoch, epoch + 5)
    ]
    assert len(set(orders)) >= 4
    assert tuple(range(longer)) not in orders[1:] or longer < 8


@REPRODUCIBLE
@given(st.integers(8, 40), SEEDS, SEEDS)
def test_domains_and_seeds_have_orders_of_their_own(length: int, seed: int, other: int) -> None:
    """Of 8 images two orders agree once in 40,320 times."""
    dataset, others = (pairs_of((length, length), number) for number in (seed, other))
    source, target = zip(*(pair(dataset, i) for i in range(length)), strict=True)
    assert source != target
    if seed != other:
        assert tuple(pair(others, i)[0] for i in range(length)) != source


@REPRODUCIBLE
@given(LENGTHS, SEEDS, st.sampled_from([None, 0]) | SEEDS)
def test_samplers_of_one_seed_agree(lengths: tuple[int, int], seed: int, own: int | None) -> None:
    """The run's seed reaches a data set that has none; one of its own wins."""
    pairs = []
    for _ in range(2):
        dataset = pairs_of(lengths, own)
        sampler = sampler_of(dataset, seed=seed)
        assert len(sampler) == max(lengths)
        assert dataset.seed == (seed if own is None else own)
        pairs.append([pair(dataset, position) for position in first(sampler, 50)])
    given_seed = pairs_of(lengths, seed if own is None else own)
    assert pairs[0] == pairs[1] == [pair(given_seed, position) for position in range(50)]


@REPRODUCIBLE
@given(LENGTHS, st.integers(1, 4), st.integers(1, 30))
def test_ranks_partition_the_stream(lengths: tuple[int, int], ranks: int, count: int) -> None:
    """Together 0, 1, 2, ... with nothing twice."""
    dataset = pairs_of(lengths, 0)
    shares = [first(sampler_of(dataset, rank, ranks), count) for rank in range(ranks)]
    assert all(share == sorted(share) for share in shares)
    stream = range(ranks * count)
    assert sorted(itertools.chain(*shares)) == list(stream)
    # A step of all ranks takes neighbours, so that it stays within an epoch where it can.
    assert [position for step in zip(*shares, strict=True) for position in step] == list(stream)


@REPRODUCIBLE
@given(LENGTHS, st.integers(1, 4), st.data(), st.integers(1, 4), st.lists(st.integers(0, 100)))
def test_entering_at_a_step_equals_dropping(
    lengths: tuple[int, int], ranks: int, data: st.DataObject, batch_size: int, steps: list[int]
) -> None:
    """On every rank, for any size of batches; iterating before changes nothing."""
    rank = data.draw(st.integers(0, ranks - 1))
    stream = StreamBatchSampler(sampler_of(pairs_of(lengths, 0), rank, ranks), batch_size)
    for step in (*steps, 0):
        stream.start = step
        batches = first(stream, 3)
        assert [len(batch) for batch in batches] == [batch_size] * 3
        positions = list(itertools.chain(*batches))
        numbers = range(step * batch_size, (step + 3) * batch_size)
        assert positions == [rank + number * ranks for number in numbers]
        assert all(type(position) is uda_sampler.Position for position in positions)


@REPRODUCIBLE
@given(LENGTHS, SEEDS, st.integers(1, 4))
def test_ranks_together_cover_an_epoch(lengths: tuple[int, int], seed: int, ranks: int) -> None:
    """Processes with data sets of their own: as many epochs as there are ranks."""
    seen = Counter()
    for rank in range(ranks):
        dataset = pairs_of(lengths, None)
        for position in first(sampler_of(dataset, rank, ranks, seed), max(lengths)):
            seen[pair(dataset, position)[lengths[1] > lengths[0]]] += 1
    counts = [seen[index] for index in range(max(lengths))]
    assert counts == [ranks] * max(lengths)
