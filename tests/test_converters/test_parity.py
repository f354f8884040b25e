"""Our model gives the logits of the authors' network, and the check sees where it would not."""

import functools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmseg.apis import init_model
from mmseg.registry import MODELS
from torch import nn

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.converters import parity as check_parity
from mmseg_maxsquare.converters.parity import (
    compare,
    our_model,
    picture,
    predict,
    random_network,
    subtract_mean,
)
from mmseg_maxsquare.converters.released_network import ReleasedNetwork

from .checkpoint_states import equal, load, save, their_state, without
from tests.helpers import REPO

SMALL = dict(num_classes=5, blocks=(3, 4, 6, 3), width=8)
SMALL_BACKBONE = dict(depth=50, base_channels=8, stem_channels=8)


@pytest.fixture(scope='module')
def small() -> ReleasedNetwork:
    torch.manual_seed(0)
    return random_network(**SMALL)


@pytest.mark.parametrize('dtype', [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize('classifiers', [2, 4])
def test_logits_are_those_of_the_released_network(
    small: ReleasedNetwork, classifiers: int, dtype: torch.dtype
) -> None:
    model = our_model(small, classifiers, **SMALL_BACKBONE).to(dtype)
    relative = compare(small.to(dtype), model, classifiers)
    small.float()
    assert len(relative) == 8
    assert max(relative) < (1e-5 if dtype == torch.float32 else 1e-12)


def floor_pool(model: nn.Module) -> None:
    model.backbone.maxpool.ceil_mode = False


def swap_rates(model: nn.Module) -> None:
    first, second = model.decode_head.classifiers
    first.weight.data, second.weight.data = second.weight.data, first.weight.data


def forget_mean(model: nn.Module) -> None:
    model.data_preprocessor.mean.zero_()


def reverse_mean(model: nn.Module) -> None:
    """RGB's instead of BGR's."""
    model.data_preprocessor.mean.copy_(model.data_preprocessor.mean.flip(0))


def later_dilation(model: nn.Module) -> None:
    model.backbone.layer4[0].conv2.dilation = model.backbone.layer4[0].conv2.padding = (2, 2)


@pytest.mark.parametrize(
    ('damage', 'seen'),
    [
        # Only where the size after the first layer is even: 128x64 and 66x127.
        (floor_pool, [False] * 4 + [True] * 4),
        (swap_rates, [False, True] * 4),
        (later_dilation, [False, True] * 4),
        (forget_mean, [True] * 8),
        (reverse_mean, [True] * 8),
    ],
)
def test_parity_sees_what_may_go_wrong(
    damage: Callable, seen: list[bool], small: ReleasedNetwork
) -> None:
    model = our_model(small, **SMALL_BACKBONE)
    damage(model)
    relative = compare(small, model)
    assert [difference > 0.01 for difference in relative] == seen
    assert [difference > 1e-4 for difference in relative] == seen


def test_released_network_uses_two_of_its_classifiers(small: ReleasedNetwork) -> None:
    image = subtract_mean(picture((33, 65)))
    with torch.no_grad():
        two, four = small(image), small(image, 4)
    for level, more in zip(two, four, strict=True):
        assert level.shape == (1, 5, 33, 65)
        assert level.std() > 0.5
        assert (level - more).abs().max() > 0.5


@pytest.mark.parametrize('rates', [(6, 12), (6, 18)], ids=str)
def test_check_parity_ends_with_the_result(
    rates: tuple,
    small: ReleasedNetwork,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    monkeypatch.setattr(check_parity, 'random_network', lambda: small)
    monkeypatch.setattr(check_parity, 'our_model', functools.partial(our_model, **SMALL_BACKBONE))
    monkeypatch.setitem(check_parity.DILATIONS, 2, rates)
    if rates == (6, 12):
        main(['parity'])
        assert 'The same: no logit differs by more than 0.0001' in capsys.readouterr().out
    else:
        with pytest.raises(SystemExit, match=r'error: logits differ by more than 0\.0001'):
            main(['parity'])


@pytest.fixture(scope='module')
def released_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the authors save it: a full network, in the old format, with what else they keep."""
    torch.manual_seed(0)
    network = random_network()
    content = {
        'epoch': 3,
        'iteration': 9000,
        'state_dict': {f'module.{k}': v for k, v in network.state_dict().items()},
        'optimizer': torch.optim.SGD(network.parameters(), lr=2.5e-4, momentum=0.9).state_dict(),
        'best_MIou': np.float64(0.464),
    }
    path = save(tmp_path_factory.mktemp('released') / 'authors.pth', content, legacy=True)
    yield path
    path.unlink()


def test_converted_file_predicts_the_same(
    released_file: Path, convert: Callable, tmp_path: Path
) -> None:
    """Through mmseg's own loader, and back again."""
    ours, back = tmp_path / 'ours.pth', tmp_path / 'back.pth'
    convert(released_file, ours, '--to', 'mmseg')
    cfg = Config.fromfile(REPO / 'configs/_base_/models/deeplabv2_r101_multi.py')
    cfg.model.backbone.pretrained = None
    for head in (cfg.model.auxiliary_head, cfg.model.decode_head):
        head.dilations = (6, 12)
    plain = MODELS.build(cfg.model)
    plain.load_state_dict(load(ours), strict=True)
    cfg.dump(tmp_path / 'config.py')
    model = init_model(str(tmp_path / 'config.py'), str(ours), device='cpu')
    assert equal(model.state_dict(), plain.state_dict())
    assert model.dataset_meta['classes'][:2] == ('road', 'sidewalk')

    reference, image = check_parity.read_network(released_file), picture((66, 65))
    with torch.no_grad():
        theirs, mine = reference(subtract_mean(image)), predict(model, image)
        for level, logits in zip(theirs, mine, strict=True):
            assert (level - logits).abs().max() < 1e-4 * level.std()
        # Zero classifiers: the same for code that sums two and that sums four.
        convert(ours, back, '--to', 'released')
        again = check_parity.read_network(back)
        for used in (2, 4):
            assert all(map(torch.equal, theirs, again(subtract_mean(image), used)))
    for path in (ours, back):
        path.unlink()


def test_check_parity_of_a_checkpoint(
    released_file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(check_parity, 'SIZES', ((65, 33),))
    main(['parity', str(released_file)])
    output = capsys.readouterr().out
    rows = re.findall(r'65x33 +(\w+) +([\d.]+) .* (\S+)\n', output)
    assert [row[0] for row in rows] == ['low', 'final']
    assert all(float(row[1]) > 0.5 and float(row[2]) < 1e-4 for row in rows)
    assert 'The same' in output


def test_check_parity_refuses_a_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save(tmp_path / 'a.pth', without(their_state(), 'module.conv1.weight'))
    with pytest.raises(
        SystemExit, match=r'a\.pth does not fit .*: 1 missing, such as module\.conv1'
    ):
        main(['parity', str(source)])
