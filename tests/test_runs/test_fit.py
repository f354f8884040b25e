"""A checkpoint is loaded completely or refused."""

from pathlib import Path

import pytest
import torch

from mmseg_maxsquare.runs.fit import load_fitting

from tests.helpers.tiny_models import build_model, head_cfg, low_head_cfg, plain_cfg


def test_load_fitting(tmp_path: Path) -> None:
    """All weights, also without those of an auxiliary head; another shape anywhere is an error."""
    state = build_model(plain_cfg(auxiliary_head=low_head_cfg())).state_dict()
    path = str(tmp_path / 'model.pth')
    torch.save(dict(state_dict={f'module.{key}': value for key, value in state.items()}), path)
    model = load_fitting(path, build_model(plain_cfg(), seed=1))
    assert all(torch.equal(state[key], value) for key, value in model.state_dict().items())
    other = plain_cfg(auxiliary_head=low_head_cfg(channels=12))
    for cfg in (other, plain_cfg(decode_head=head_cfg(channels=12))):
        with pytest.raises(ValueError, match='tensors have another shape'):
            load_fitting(path, build_model(cfg, seed=1))
