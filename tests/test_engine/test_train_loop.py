"""A training loop that can be entered at any step."""

import itertools
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from mmseg.registry import DATASETS
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmseg_maxsquare.datasets import UDADataset
from mmseg_maxsquare.engine import sample_stream
from mmseg_maxsquare.engine.sample_stream import Draw, SeededDataset, StreamBatchSampler
from mmseg_maxsquare.engine.train_loop import ResumableTrainLoop

from tests.helpers.tiny_data import FakeDataset

READ: list[int] = []


@DATASETS.register_module()
class Noise(Dataset):
    """Its items are their index and draws of the three global generators."""

    metainfo = dict(classes=('a',))

    def __init__(self, length: int = 5) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict:
        assert type(index) is int
        READ.append(index)
        draws = [random.random(), float(np.random.rand()), float(torch.rand(()))]
        return dict(inputs=torch.tensor([index, *draws]), data_samples=torch.zeros(1))


class Recorder(BaseModel):
    """Remembers its batches and what it drew itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(()))
        self.seen: list[tuple] = []

    def forward(self, inputs: list, data_samples: list, mode: str = 'tensor') -> object:
        if mode != 'loss':
            return data_samples
        own = random.random(), float(np.random.rand()), float(torch.rand(()))
        self.seen.append((*(tuple(image.tolist()) for image in inputs), own))
        return dict(loss=self.weight)


def train(
    folder: Path,
    steps: int,
    start: int = 0,
    sampler: str = 'InfiniteSampler',
    loader: object = None,
    **kwargs,
) -> list[tuple]:
    """What the model saw in the steps from ``start`` on, as a resumed run does them."""
    config = dict(
        batch_size=2, num_workers=0, dataset=dict(type='Noise'), sampler=dict(type=sampler)
    )
    runner = Runner(
        model=Recorder(),
        work_dir=str(folder),
        train_dataloader=loader or {**config, **kwargs},
        train_cfg=dict(type='ResumableTrainLoop', max_iters=steps),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        default_scope='mmseg',
        experiment_name=f'{folder.parent.name}_{folder.name}_{start}_{steps}_{sampler}_{kwargs}',
        randomness=dict(seed=3),
    )
    runner.train_loop._iter = start
    READ.clear()
    runner.train()
    return runner.model.seen


@pytest.mark.parametrize('sampler', ['InfiniteSampler', 'DefaultSampler'])
def test_resumed_steps_are_the_same(sampler: str, tmp_path: Path) -> None:
    """Over the ends of epochs, of which the last batch may be smaller."""
    whole = train(tmp_path, 12, sampler=sampler)
    assert len({own for *_, own in whole}) == 12  # every step draws anew
    for start in (1, 7, 11):
        assert train(tmp_path, 12, start, sampler=sampler) == whole[start:]


def test_nothing_is_read_to_be_skipped(tmp_path: Path) -> None:
    train(tmp_path, 1000, 998)
    assert len(READ) == 4


@pytest.mark.parametrize('persistent', [False, True])
def test_workers_change_nothing(persistent: bool, tmp_path: Path) -> None:
    whole = train(tmp_path, 6)
    workers = dict(num_workers=2, persistent_workers=persistent)
    assert train(tmp_path, 6, **workers) == whole
    assert train(tmp_path, 6, 3, **workers) == whole[3:]


def test_images_are_augmented_anew_each_time(tmp_path: Path) -> None:
    images = [image for *batch, _ in train(tmp_path, 10) for image in batch]
    assert len(images) == len(set(images)) == 20
    assert len({image[0] for image in images}) == 5


def test_order_is_mmengines(tmp_path: Path) -> None:
    config = dict(num_workers=0, dataset=dict(type='Noise'), sampler=dict(type='InfiniteSampler'))
    stock = Runner.build_dataloader({**config, 'batch_size': 2}, seed=3)
    expected = [batch['inputs'][0][0].item() for batch in itertools.islice(stock, 8)]
    assert [batch[0][0] for batch in train(tmp_path, 8)] == expected


def test_drop_last(tmp_path: Path) -> None:
    seen = train(tmp_path, 6, sampler='DefaultSampler', drop_last=True)
    assert [len(step) - 1 for step in seen] == [2] * 6
    seen = train(tmp_path, 6, sampler='DefaultSampler')
    assert [len(step) - 1 for step in seen] == [2, 2, 1] * 2


def test_built_loader_is_read_as_mmengine_does(tmp_path: Path) -> None:
    loader = DataLoader(Noise(), batch_size=1, collate_fn=lambda items: {
        key: [item[key] for item in items] for key in items[0]
    })  # fmt: skip
    assert [step[0][0] for step in train(tmp_path, 3, loader=loader)] == [0, 1, 2]


def test_a_pair_of_data_sets_is_not_wrapped(tmp_path: Path) -> None:
    """It seeds its items itself, and its sampler gives positions."""
    pair = UDADataset(FakeDataset(7), FakeDataset(3))
    config = dict(batch_size=2, num_workers=0, dataset=pair, sampler=dict(type='UDASampler'))
    runner = Runner(
        model=Recorder(),
        work_dir=str(tmp_path),
        train_dataloader=config,
        train_cfg=dict(type='ResumableTrainLoop', max_iters=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=1.0)),
        default_scope='mmseg',
        experiment_name=f'{tmp_path.parent.name}_{tmp_path.name}',
        randomness=dict(seed=3),
    )
    loop = runner.train_loop
    assert isinstance(loop, ResumableTrainLoop) and isinstance(loop.dataloader.dataset, UDADataset)
    loop.dataloader.batch_sampler.start = 2
    assert next(iter(loop.dataloader.batch_sampler)) == [4, 5]


def test_ranks_share_out_the_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    """No two samples of a step are augmented alike, on whatever rank."""
    positions = []
    for rank in (0, 1):
        monkeypatch.setattr(sample_stream, 'get_dist_info', lambda rank=rank: (rank, 2))
        stream = StreamBatchSampler(range(3), 2)
        stream.start = 0
        batches = list(itertools.islice(stream, 3))
        assert batches == [[0, 1], [2], [0, 1]]
        positions.append([draw.position for batch in batches for draw in batch])
    assert positions == [[0, 2, 4, 6, 8], [1, 3, 5, 7, 9]]


def test_nothing_is_read_before_the_start() -> None:
    """mmengine 0.10.7 opens the loader before it knows where a resumed run goes on."""
    assert list(StreamBatchSampler(range(3), 2)) == []


def test_seeded_data_set_leaves_the_random_state_alone() -> None:
    dataset = SeededDataset(Noise(), seed=1)
    torch.manual_seed(0)
    expected = torch.rand(2)
    torch.manual_seed(0)
    first = torch.rand(())
    items = [dataset[Draw(2, 7)], dataset[Draw(2, 8)], dataset[Draw(2, 7)]]
    assert torch.equal(torch.stack([first, torch.rand(())]), expected)
    assert torch.equal(items[0]['inputs'], items[2]['inputs'])
    assert not torch.equal(items[0]['inputs'], items[1]['inputs'])
    assert dataset.metainfo == Noise.metainfo
    assert not hasattr(SeededDataset(FakeDatasetWithoutClasses(), seed=1), 'metainfo')


class FakeDatasetWithoutClasses(Dataset):
    """mmengine asks whether there is metainfo."""
