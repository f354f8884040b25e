"""Training checkpoints of methods with networks, and plain ones, load either way in silence."""

import copy

import pytest
import torch
from mmengine.runner.checkpoint import load_state_dict
from mmseg.registry import MODELS

from mmseg_maxsquare.engine import OracleCheckpointHook
from mmseg_maxsquare.engine.network_weights import tolerate_networks

from tests.helpers.tiny_models import build_model, plain_cfg, uda_cfg

METHOD = dict(type='AdaptSegNet', weights=dict(decode_head=0.1))


def adversarial(seed: int = 0) -> torch.nn.Module:
    return build_model(uda_cfg(target_loss=None, methods=[METHOD]), seed)


def test_training_checkpoint_into_the_plain_model(capsys: pytest.CaptureFixture) -> None:
    trained, plain = adversarial(), MODELS.build(plain_cfg())
    state = trained.state_dict()
    load_state_dict(copy.deepcopy(plain), dict(state))
    assert 'unexpected key' in capsys.readouterr().out  # what mmengine says by itself
    tolerate_networks(plain)
    load_state_dict(plain, dict(state))
    assert capsys.readouterr().out == ''
    assert all(torch.equal(value, state[name]) for name, value in plain.state_dict().items())


def test_plain_checkpoint_starts_new_networks(capsys: pytest.CaptureFixture) -> None:
    plain, model = build_model(plain_cfg(), seed=3), adversarial()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    tolerate_networks(model)
    load_state_dict(model, plain.state_dict())
    assert capsys.readouterr().out == ''
    state = model.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in plain.state_dict().items())
    networks = [name for name in state if name.startswith('methods.')]
    assert networks and all(torch.equal(state[name], before[name]) for name in networks)


def test_networks_are_resumed() -> None:
    trained, model = adversarial(seed=1), adversarial(seed=2)
    tolerate_networks(model)
    load_state_dict(model, trained.state_dict())
    state = trained.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize('training', [True, False])
def test_published_weights_are_plain(training: bool) -> None:
    """The best checkpoints have no optimizer, and no networks."""
    checkpoint = dict(state_dict=dict(adversarial().state_dict()))
    if training:
        checkpoint['optimizer'] = {}
    runner = type('Runner', (), {'model': adversarial()})
    OracleCheckpointHook(interval=1).before_save_checkpoint(runner, checkpoint)
    names = set(checkpoint['state_dict'])
    assert any(name.startswith('methods.') for name in names) is training
    assert set(MODELS.build(plain_cfg()).state_dict()) <= names
