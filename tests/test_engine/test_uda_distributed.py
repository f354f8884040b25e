"""Two gloo ranks with one image each against one process with both."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from .two_ranks import CASES, SECONDS, STEPS, batch_of, model_of, wrapper_of
from tests.helpers import REPO

MODULE = 'tests.test_engine.two_ranks'


@pytest.fixture(scope='module')
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of the state dicts that two processes end with, case by case."""
    folder = tmp_path_factory.mktemp('ranks')
    ranks = [
        subprocess.Popen(
            [sys.executable, '-m', MODULE, str(rank), str(folder)],
            cwd=REPO,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    outputs = [process.communicate(timeout=2 * SECONDS)[0] for process in ranks]
    assert [process.returncode for process in ranks] == [0, 0], '\n'.join(outputs)[-3000:]
    return folder


@pytest.mark.parametrize('case', CASES)
def test_two_ranks_equal_one_process(case: str, trained: Path) -> None:
    first, second = (torch.load(trained / f'{case}{rank}.pth') for rank in range(2))
    assert all(torch.equal(first[key], second[key]) for key in first)  # one model on all ranks
    model = model_of(case)
    start = {key: value.clone() for key, value in model.state_dict().items()}
    wrapper = wrapper_of(case, model)
    for step in range(STEPS):
        model.train_step(batch_of(case, step, slice(0, 2)), wrapper)
    alone = model.state_dict()
    moved = max((alone[k] - start[k]).abs().max().item() for k in start if 'weight' in k)
    assert moved > 1e-2
    if case == 'batch_norm':  # each rank normalises by its own image: close, not equal
        return
    for key in alone:
        torch.testing.assert_close(first[key], alone[key], rtol=0, atol=1e-5, msg=key)


def test_a_gradient_that_comes_late_is_refused(tmp_path: Path) -> None:
    """Ranks could not agree on it."""
    from mmseg_maxsquare.engine import UDADistributedDataParallel

    store = torch.distributed.FileStore(str(tmp_path / 'store'), 1)
    torch.distributed.init_process_group('gloo', store=store, rank=0, world_size=1)
    try:
        model = model_of('unused_head')
        ddp = UDADistributedDataParallel(module=model)
        parameter = model.auxiliary_head.conv_seg.bias
        for other in model.parameters():
            if other is not parameter:
                other.grad = torch.zeros_like(other)
        ddp.average_gradients()
        parameter.grad = torch.zeros_like(parameter)
        with pytest.raises(RuntimeError, match=r'auxiliary_head.conv_seg.bias had no gradient'):
            ddp.average_gradients()
    finally:
        torch.distributed.destroy_process_group()
