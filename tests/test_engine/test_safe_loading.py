"""Checkpoints of training runs load safely."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer, MessageHub

from mmseg_maxsquare.engine.safe_loading import allow_mmengine_checkpoints, statistic


def test_statistic_gives_nothing_else() -> None:
    assert statistic(HistoryBuffer, 'mean') is HistoryBuffer.mean
    for owner, name in ((HistoryBuffer, '__init__'), (Path, 'unlink'), (np, 'mean')):
        with pytest.raises(ValueError, match='which no checkpoint needs'):
            statistic(owner, name)


def test_message_hub_loads_with_pytorchs_default(tmp_path: Path, monkeypatch) -> None:
    """As mmengine 0.10.7 loads: without arguments."""
    from mmengine.runner import checkpoint

    monkeypatch.delattr(checkpoint, 'get_torch_safe_globals', raising=False)
    hub = MessageHub('test_safe_loading')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/grad_norm', np.float64(2.0))
    hub.update_info('step', 3)
    torch.save(dict(message_hub=hub.state_dict()), tmp_path / 'checkpoint.pth')
    before = torch.serialization.get_safe_globals()
    try:
        allow_mmengine_checkpoints()
        loaded = torch.load(tmp_path / 'checkpoint.pth', weights_only=True)
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(before)
    scalars = loaded['message_hub']['log_scalars']
    assert scalars['train/loss'].current() == 0.5
    assert scalars['train/grad_norm'].mean() == 2.0
