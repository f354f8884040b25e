"""The command strength."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmseg.registry import MODELS

from mmseg_maxsquare.analysis.measured_strength import measured_strength
from mmseg_maxsquare.cli.main import main

from tests.helpers.fault_case import write_config
from tests.helpers.tiny_data import make_cityscapes, make_gta5


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A config of an adaptation, and weights."""
    make_gta5(tmp_path / 'gta5')
    make_cityscapes(tmp_path / 'cityscapes')
    config = write_config(tmp_path / 'config.py', tmp_path, uda=True, workers=0)
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(config).model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'model.pth')
    return tmp_path


def measure(place: Path, *options: str) -> dict[str, float]:
    torch.manual_seed(0)  # dropout
    return measured_strength(
        str(place / 'config.py'),
        str(place / 'model.pth'),
        2,
        'cpu',
        ['model.guidance=None', *options],
    )


def test_it_is_proportional_to_the_weight(place: Path) -> None:
    one = measure(place, 'model.target_loss.loss_weight=0.1')
    two = measure(place, 'model.target_loss.loss_weight=0.2')
    assert one['decode_head'] > 0
    assert two['decode_head'] == pytest.approx(2 * one['decode_head'], rel=1e-3)


def test_a_config_without_a_seed(place: Path) -> None:
    first = measure(place, 'randomness=None')
    assert measure(place, 'randomness=None') == first


def test_command(place: Path, capsys: pytest.CaptureFixture) -> None:
    main(['strength', str(place / 'config.py'), str(place / 'model.pth'), '--batches', '2'])
    heads = [line.split(': ') for line in capsys.readouterr().out.splitlines() if 'head' in line]
    assert [name for name, _ in heads] == ['decode_head', 'auxiliary_head']
    assert all(float(value) > 0 for _, value in heads)


def test_wrong_input(place: Path) -> None:
    config, model = str(place / 'config.py'), str(place / 'model.pth')
    with pytest.raises(SystemExit, match='error: checkpoint: no file'):
        main(['strength', config, str(place / 'none.pth')])
    plain = write_config(place / 'plain.py', place, uda=False, workers=0)
    with pytest.raises(SystemExit, match='strength needs an adaptation with a source'):
        main(['strength', str(plain), model, '--device', 'cpu'])
    with pytest.raises(SystemExit):
        main(['strength', config, model, '--batches', '0'])


def test_a_method_that_acts_on_features_has_none(place: Path) -> None:
    model = "dict(target_loss=None, guidance=None, methods=[dict(type='CrossCity')])"
    config = place / 'cross_city.py'
    config.write_text(f"_base_ = './config.py'\nmodel = {model}\n")
    with pytest.raises(SystemExit, match='do not reach the logits of a head'):
        measured_strength(str(config), str(place / 'model.pth'), 2, 'cpu')
