"""The order of reading: workers, ranks, restarts, and who is refused."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner
from mmseg.registry import DATA_SAMPLERS
from torch.utils.data import DataLoader

from mmseg_maxsquare.datasets import UDADataset, UDASampler, uda_sampler
from mmseg_maxsquare.engine.sample_stream import StreamBatchSampler

from tests.helpers.tiny_data import FakeDataset, noisy_pair


def loader_of(
    dataset: UDADataset, workers: int = 0, seed: int | None = None, **kwargs
) -> DataLoader:
    """The loader as a Runner builds it."""
    cfg = dict(batch_size=2, num_workers=workers, sampler=dict(type='UDASampler'))
    return Runner.build_dataloader({**cfg, 'dataset': dataset, **kwargs}, seed=seed)


def fake_pair(seed: int | None = None) -> UDADataset:
    """UDADataset without files."""
    return UDADataset(FakeDataset(7), FakeDataset(3), seed=seed)


def indices(loader: DataLoader, batches: int) -> list[int]:
    """Source indices of the first batches."""
    chosen = itertools.islice(loader, batches)
    return [sample.index for batch in chosen for sample in batch['data_samples']['source']]


def images(loader: DataLoader, batches: int) -> list[torch.Tensor]:
    """All images of the first batches, source then target."""
    chosen: Iterator[dict] = itertools.islice(loader, batches)
    return [image for batch in chosen for domain in batch['inputs'].values() for image in domain]


def as_rank(monkeypatch: pytest.MonkeyPatch, rank: int, world_size: int) -> None:
    """Pretend to be one of several processes."""
    monkeypatch.setattr(uda_sampler, 'get_dist_info', lambda: (rank, world_size))


def test_batches_keep_the_nested_form() -> None:
    """mmengine's collation gives a list for each domain."""
    batch = next(iter(loader_of(fake_pair())))
    assert {key: set(value) for key, value in batch.items()} == {
        'inputs': {'source', 'target'},
        'data_samples': {'source', 'target'},
    }
    assert len(batch['inputs']['target']) == len(batch['data_samples']['source']) == 2


@pytest.mark.parametrize('workers', [1, 2, 3])
def test_workers_change_no_pixel(tmp_path: Path, workers: int) -> None:
    """Blur, mirror and noise of three generators: equal for any number of workers."""
    expected = images(loader_of(noisy_pair(tmp_path), seed=5), batches=5)
    torch.manual_seed(workers)  # the loader draws its workers' base seed from here
    parallel = images(loader_of(noisy_pair(tmp_path), workers, seed=5), batches=5)
    assert len(parallel) == 20
    for image, other in zip(expected, parallel, strict=True):
        assert torch.equal(image, other)


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('done', [1, 4])
def test_restart_goes_on_where_it_was(tmp_path: Path, workers: int, done: int) -> None:
    """Entered at a later step, the stream is what an uninterrupted run sees."""
    whole = images(loader_of(noisy_pair(tmp_path), seed=5), batches=6)
    stream = dict(type=StreamBatchSampler)  # as ResumableTrainLoop reads
    resumed = loader_of(noisy_pair(tmp_path), workers, seed=5, batch_sampler=stream)
    resumed.batch_sampler.start = done
    rest = images(resumed, batches=6 - done)
    assert len(rest) == 4 * (6 - done)
    for image, other in zip(whole[4 * done :], rest, strict=True):
        assert torch.equal(image, other)


def test_stream_is_endless_and_even(tmp_path: Path) -> None:
    """Three epochs through a loader, across their borders: each image three times."""
    counts = torch.bincount(torch.tensor(indices(loader_of(fake_pair()), batches=11))[:21])
    assert counts.tolist() == [3] * 7


@pytest.mark.parametrize('world_size', [1, 2, 3])
def test_ranks_share_the_stream(monkeypatch: pytest.MonkeyPatch, world_size: int) -> None:
    """Disjoint positions that together are 0, 1, 2, ..."""
    positions = []
    for rank in range(world_size):
        as_rank(monkeypatch, rank, world_size)
        positions += itertools.islice(UDASampler(fake_pair()), 4)
        assert positions[-4:] == list(range(rank, 4 * world_size, world_size))
    assert sorted(positions) == list(range(4 * world_size))


def test_ranks_read_other_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two ranks with the run's seed: together an epoch covers every image once."""
    seen = []
    for rank in range(2):
        as_rank(monkeypatch, rank, 2)
        dataset = UDADataset(FakeDataset(8), FakeDataset(8))
        seen += indices(loader_of(dataset, seed=3), batches=2)
    assert sorted(seen) == list(range(8))


def test_every_iteration_starts_at_the_same_place() -> None:
    """Iterating twice gives the same positions; set_epoch changes nothing."""
    sampler = UDASampler(fake_pair())
    first = list(itertools.islice(sampler, 5))
    sampler.set_epoch(3)
    assert list(itertools.islice(sampler, 5)) == first == [0, 1, 2, 3, 4]
    assert len(sampler) == 7


def test_seed_of_the_run_reaches_the_data_set() -> None:
    """The sampler hands the run's seed over, so that runs differ."""
    runs = {seed: indices(loader_of(fake_pair(), seed=seed), batches=7) for seed in (1, 2)}
    assert loader_of(fake_pair(), seed=1).dataset.seed == 1
    assert runs[1] == indices(loader_of(fake_pair(seed=1)), batches=7)
    assert runs[1] != runs[2]


@pytest.mark.parametrize('own', [0, 9])
def test_seed_of_the_data_set_wins(own: int) -> None:
    """A seed in the config, 0 too, is not overwritten."""
    loader = loader_of(fake_pair(seed=own), seed=1)
    assert loader.dataset.seed == own
    assert indices(loader, batches=7) == indices(loader_of(fake_pair(seed=own)), batches=7)


def test_seed_reaches_a_shortened_data_set() -> None:
    """num_batch_per_epoch (a debugging aid of mmengine) puts a wrapper around the data set."""
    shortened = loader_of(fake_pair(), seed=6, num_batch_per_epoch=2)
    assert indices(shortened, batches=2) == indices(loader_of(fake_pair(), seed=6), batches=2)


@pytest.mark.parametrize('workers', [0, 2])
@pytest.mark.parametrize('sampler', ['InfiniteSampler', 'DefaultSampler'])
@pytest.mark.parametrize('shortened', [{}, dict(num_batch_per_epoch=3)])
def test_stock_samplers_are_refused(sampler: str, workers: int, shortened: dict) -> None:
    """They pass bare indices; the message has the line to write."""
    cfg = dict(type=sampler, shuffle=True)
    loader = loader_of(fake_pair(), workers, seed=0, sampler=cfg, **shortened)
    iterator = iter(loader)
    with pytest.raises(TypeError, match=r"train_dataloader.sampler=dict\(type='UDASampler'\)"):
        next(iterator)
    if workers:  # otherwise torch waits ten seconds when it collects the iterator
        iterator._shutdown_workers()


def test_other_data_sets_are_refused() -> None:
    """A UDASampler on an ordinary data set would never end; the message says what to write."""
    with pytest.raises(TypeError, match='FakeDataset.*InfiniteSampler'):
        DATA_SAMPLERS.build(dict(type='UDASampler', dataset=FakeDataset(3)))
