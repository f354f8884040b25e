"""Converters of the authors' checkpoints, and parity with their network."""

import functools
import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.logging import MessageHub
from mmseg.apis import init_model
from mmseg.registry import MODELS
from torch import Tensor, nn

from mmseg_maxsquare.models import DeepLabV2ResNet

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'tools/model_converters'))

import check_parity
import convert_checkpoint
from check_parity import compare, our_model, picture, predict, random_network, subtract_mean
from key_names import key_of, recognise
from released_network import ReleasedNetwork, released_shapes

REPO = Path(__file__).resolve().parents[2]
SHAPES = released_shapes()
LAYER = re.compile(r'layer[56]\.')
UNUSED = re.compile(r'conv2d_list\.[23]')
SMALL = dict(num_classes=5, blocks=(3, 4, 6, 3), width=8)
SMALL_BACKBONE = dict(depth=50, base_channels=8, stem_channels=8)


def tool(module, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    """Run a tool's command line in this process."""
    monkeypatch.setattr(sys, 'argv', [module.__name__, *map(str, arguments)])
    module.main()


@pytest.fixture
def convert(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    return functools.partial(tool, convert_checkpoint, monkeypatch)


@pytest.fixture
def refused(convert: Callable, capsys: pytest.CaptureFixture) -> Callable[..., str]:
    """Message with which a conversion is refused."""

    def run(*arguments: object) -> str:
        with pytest.raises(SystemExit) as end:
            convert(*arguments)
        assert end.value.code.startswith('error: ')
        assert 'weights_only' not in end.value.code + capsys.readouterr().err
        return end.value.code

    return run


def their_state(prefix: str = 'module.') -> dict[str, Tensor]:
    """Full-sized tensors, each of one value of its own: their files are small."""
    state = {}
    for i, (name, shape) in enumerate(SHAPES.items()):
        value = torch.tensor(i) if name.endswith('tracked') else torch.tensor(i + 0.5)
        state[prefix + name] = value.expand(shape)
    return state


def our_state(classifiers: int) -> dict[str, Tensor]:
    return {
        key_of(name, 'mmseg'): value
        for name, value in their_state('').items()
        if not LAYER.match(name) or int(name.split('.')[2]) < classifiers
    }


def backbone_state() -> dict[str, Tensor]:
    """AdaptSegNet's file: no counters, and a classifier for 21 classes."""
    state = {f'Scale.{name}': value for name, value in their_state('').items()}
    state = {k: v for k, v in state.items() if not LAYER.search(k) and 'tracked' not in k}
    for i in range(4):
        state[f'Scale.layer5.conv2d_list.{i}.weight'] = torch.zeros(()).expand(21, 2048, 3, 3)
        state[f'Scale.layer5.conv2d_list.{i}.bias'] = torch.zeros(21)
    return state


def save(path: Path, content: object, legacy: bool = False) -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return path


def load(path: Path) -> dict[str, Tensor]:
    """State dict of a file, which PyTorch's safe loader must take as it stands."""
    content = torch.load(path, weights_only=True)
    return content.get('state_dict', content)


def equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        one[key].dtype == other[key].dtype and torch.equal(one[key], other[key]) for key in one
    )


# Parity


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
        tool(check_parity, monkeypatch)
        assert 'The same: no logit differs by more than 0.0001' in capsys.readouterr().out
    else:
        with pytest.raises(SystemExit, match=r'error: logits differ by more than 0\.0001'):
            tool(check_parity, monkeypatch)


# Keys


@pytest.mark.parametrize(
    ('name', 'ours'),
    [
        ('conv1.weight', 'backbone.conv1.weight'),
        ('layer3.22.bn2.running_var', 'backbone.layer3.22.bn2.running_var'),
        ('layer2.0.downsample.1.bias', 'backbone.layer2.0.downsample.1.bias'),
        ('layer5.conv2d_list.1.weight', 'auxiliary_head.classifiers.1.weight'),
        ('layer6.conv2d_list.3.bias', 'decode_head.classifiers.3.bias'),
    ],
)
def test_keys(name: str, ours: str) -> None:
    """The low level is the auxiliary head, the final one the decode head."""
    assert key_of(name, 'mmseg') == ours
    assert key_of(name, 'released') == f'module.{name}'
    assert key_of(name, 'adaptsegnet') == f'Scale.{name}'
    assert recognise([ours])[0] == 'mmseg'
    assert recognise([f'module.{name}']) == ('released', 'module.')
    assert recognise([name]) == ('released', '')


def test_released_shapes() -> None:
    assert len(SHAPES) == 640  # 104 x (5 of a norm + 1 of a convolution) + 2 x 4 x 2
    assert SHAPES['layer5.conv2d_list.0.weight'] == (19, 1024, 3, 3)
    assert SHAPES['layer6.conv2d_list.0.weight'] == (19, 2048, 3, 3)


# From file to file


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
    tool(check_parity, monkeypatch, released_file)
    output = capsys.readouterr().out
    rows = re.findall(r'65x33 +(\w+) +([\d.]+) .* (\S+)\n', output)
    assert [row[0] for row in rows] == ['low', 'final']
    assert all(float(row[1]) > 0.5 and float(row[2]) < 1e-4 for row in rows)
    assert 'The same' in output


@pytest.mark.parametrize(
    ('prefix', 'nested', 'legacy'),
    [('module.', True, True), ('module.', False, False), ('', True, False), ('', False, True)],
)
def test_round_trip_of_all_four_classifiers(
    prefix: str, nested: bool, legacy: bool, convert: Callable, tmp_path: Path
) -> None:
    state = their_state(prefix)
    source = save(tmp_path / 'a.pth', {'state_dict': state} if nested else state, legacy)
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg', '--classifiers', 4)
    assert equal(load(ours), our_state(4))
    convert(ours, back, '--to', 'released', '--classifiers', 4)
    assert equal(load(back), their_state('module.'))
    assert set(torch.load(back, weights_only=True)) == {'state_dict'}
    assert not zipfile.is_zipfile(back)  # PyTorch 1.0 reads no zip files


def test_round_trip_of_the_two_that_count(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = save(tmp_path / 'a.pth', their_state())
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg')
    said = capsys.readouterr().out
    assert f'8 tensors left out of {source}: module.layer5.conv2d_list.2.weight, ' in said
    assert equal(load(ours), our_state(2))
    convert(ours, back, '--to', 'released')
    said = capsys.readouterr().out
    assert f'8 tensors filled with zeros in {back}: module.layer5.conv2d_list.2.weight, ' in said
    expected = their_state()
    for key in expected:
        if UNUSED.search(key):
            expected[key] = torch.zeros_like(expected[key])
    assert equal(load(back), expected)


def test_counters_that_old_files_lack_are_zero(convert: Callable, tmp_path: Path) -> None:
    state = {key: value for key, value in their_state().items() if 'tracked' not in key}
    source = save(tmp_path / 'a.pth', {'state_dict': state}, legacy=True)
    convert(source, tmp_path / 'b.pth', '--to', 'mmseg')
    expected = our_state(2)
    for key in expected:
        if 'tracked' in key:
            expected[key] = torch.tensor(0)
    assert equal(load(tmp_path / 'b.pth'), expected)


@pytest.mark.parametrize('classes', [16, 13])
def test_other_class_counts(classes: int, convert: Callable, tmp_path: Path) -> None:
    state = their_state()
    for key in state:
        if 'conv2d_list' in key:
            state[key] = state[key][:classes]
    source, target = save(tmp_path / 'a.pth', state), tmp_path / 'b.pth'
    convert(source, target, '--to', 'mmseg')
    assert load(target)['decode_head.classifiers.1.weight'].shape == (classes, 2048, 3, 3)
    assert 'dataset_meta' not in torch.load(target, weights_only=True)['meta']


def rename_numpy(path: Path, module: bytes) -> None:
    """Let a file name NumPy's functions as another release of NumPy does."""

    def renamed(data: bytes) -> bytes:
        return re.sub(rb'cnumpy\._?core\.multiarray\n', b'c' + module + b'\n', data)

    if not zipfile.is_zipfile(path):
        path.write_bytes(renamed(path.read_bytes()))
        return
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, 'w') as archive:
        for name, data in entries.items():
            archive.writestr(name, renamed(data) if name.endswith('data.pkl') else data)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('module', [b'numpy.core.multiarray', b'numpy._core.multiarray'])
def test_numpy_numbers_of_any_release(
    module: bytes, legacy: bool, convert: Callable, tmp_path: Path
) -> None:
    content = {'state_dict': their_state(), 'best_MIou': np.float64(0.464)}
    source = save(tmp_path / 'a.pth', content, legacy)
    rename_numpy(source, module)
    assert b'c' + module + b'\nscalar\n' in source.read_bytes()
    convert(source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert equal(load(tmp_path / 'b.pth'), our_state(2))


def test_checkpoint_of_a_training_run(convert: Callable, tmp_path: Path) -> None:
    """mmengine keeps its log buffers in it."""
    hub = MessageHub('a run')
    hub.update_scalar('train/loss', 0.5)
    hub.update_scalar('train/share', np.float32(0.5))
    content = {'state_dict': our_state(2), 'message_hub': hub.state_dict(), 'meta': {'iter': 1}}
    source = save(tmp_path / 'iter_1.pth', content)
    convert(source, tmp_path / 'b.pth', '--to', 'released')
    state, expected = load(tmp_path / 'b.pth'), their_state()
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[k], v) for k, v in expected.items() if not UNUSED.search(k))


def test_adaptsegnet_round_trip(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source = save(tmp_path / 'a.pth', backbone_state(), legacy=True)
    ours, back = tmp_path / 'b.pth', tmp_path / 'c.pth'
    convert(source, ours, '--to', 'mmseg')
    said = capsys.readouterr().out
    assert f'8 tensors left out of {source}: Scale.layer5.conv2d_list.0.weight, ' in said
    assert f'104 tensors filled with zeros in {ours}: backbone.bn1.num_batches_tracked, ' in said
    with torch.device('meta'):
        backbone = DeepLabV2ResNet(None).state_dict()
    converted = load(ours)
    assert {k: v.shape for k, v in converted.items()} == {
        f'backbone.{key}': value.shape for key, value in backbone.items()
    }
    convert(ours, back, '--to', 'adaptsegnet')
    expected = {k: v for k, v in backbone_state().items() if 'layer5' not in k}
    restored = torch.load(back, weights_only=True)
    assert equal({k: v for k, v in restored.items() if 'tracked' not in k}, expected)
    assert restored.keys() == {f'Scale.{key}' for key in backbone}


def test_backbone_of_a_trained_model_starts_another(
    convert: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    source, target = save(tmp_path / 'a.pth', {'state_dict': our_state(4)}), tmp_path / 'b.pth'
    convert(source, target, '--to', 'adaptsegnet')
    assert f'16 tensors left out of {source}: auxiliary_head.' in capsys.readouterr().out
    backbone = DeepLabV2ResNet(str(target))
    backbone.init_weights()
    expected = their_state('')
    loaded = {k: v for k, v in backbone.state_dict().items() if 'tracked' not in k}
    assert len(loaded) == 520
    assert all(torch.equal(value, expected[key]) for key, value in loaded.items())


# Refusals


def torchvision_resnet() -> dict[str, Tensor]:
    state = {k: v for k, v in their_state('').items() if not LAYER.match(k)}
    return state | {'fc.weight': torch.zeros(1000, 2048), 'fc.bias': torch.zeros(1000)}


def mmseg_resnet() -> dict[str, Tensor]:
    """The V1c of mmseg's model zoo: three convolutions in the stem."""
    state = {k: v for k, v in our_state(2).items() if k.startswith('backbone.layer')}
    return state | {'backbone.stem.0.weight': torch.zeros(32, 3, 3, 3)}


def one_level() -> dict[str, Tensor]:
    return {k: v for k, v in our_state(2).items() if not k.startswith('auxiliary')}


def without(state: dict[str, Tensor], *keys: str) -> dict[str, Tensor]:
    return {key: value for key, value in state.items() if key not in keys}


def swapped_levels() -> dict[str, Tensor]:
    swap = {'layer5': 'layer6', 'layer6': 'layer5'}
    return {re.sub('layer[56]', lambda m: swap[m[0]], k): v for k, v in their_state('').items()}


@pytest.mark.parametrize(
    ('state', 'arguments', 'message'),
    [
        (
            torchvision_resnet,
            '--to mmseg',
            r"a\.pth does not fit the authors' released network \(640 tensors\): 16 missing, such "
            r'as layer5\.conv2d_list\.0\.weight, .*; 2 unexpected, such as fc\.weight, fc\.bias$',
        ),
        (
            lambda: without(their_state(), 'module.layer4.2.bn3.running_mean'),
            '--to mmseg',
            r'a\.pth .*: 1 missing, such as module\.layer4\.2\.bn3\.running_mean$',
        ),
        (
            lambda: their_state() | {'module.layer7.weight': torch.zeros(1)},
            '--to mmseg',
            r'a\.pth .*: 1 unexpected, such as module\.layer7\.weight$',
        ),
        (
            lambda: their_state() | {'layer7.weight': torch.zeros(1)},
            '--to mmseg',
            r'a\.pth .*: 1 unexpected, such as layer7\.weight$',
        ),
        (
            lambda: their_state() | {'module.bn1.weight': torch.zeros(3)},
            '--to mmseg',
            r'a\.pth .*: 1 of another shape, such as module\.bn1\.weight \(3,\) instead of \(64,',
        ),
        (
            swapped_levels,
            '--to mmseg',
            r'8 of another shape, such as layer5\.conv2d_list\.0\.weight \(19, 2048, 3, 3\) '
            r'instead of \(19, 1024, 3, 3\)',
        ),
        (
            lambda: without(backbone_state(), 'Scale.conv1.weight'),
            '--to mmseg',
            r"a\.pth does not fit AdaptSegNet's ImageNet initialisation \(624 tensors\): 1 missing"
            r', such as Scale\.conv1\.weight$',
        ),
        (mmseg_resnet, '--to mmseg', r'a\.pth has keys as mmseg models have them already'),
        (
            mmseg_resnet,
            '--to released',
            r'a\.pth does not fit a two-level model .*: \d+ missing, such as backbone\.conv1\.'
            r'weight.*; 1 unexpected, such as backbone\.stem\.0\.weight$',
        ),
        (mmseg_resnet, '--to adaptsegnet', r'1 unexpected, such as backbone\.stem\.0\.weight$'),
        (their_state, '--to released', r'a\.pth has no keys as mmseg models have them'),
        (backbone_state, '--to released', r'a\.pth has no keys as mmseg models have them'),
        (
            one_level,
            '--to released',
            r'a\.pth does not fit a two-level model as in configs/_base_/models/deeplabv2_r101_'
            r'multi\.py .*: 4 missing, such as auxiliary_head\.classifiers\.0\.weight',
        ),
        (
            lambda: our_state(4),
            '--to released',
            r'a\.pth has 4 classifiers per level, not 2 .*: add --classifiers 4 if the code that',
        ),
        (
            lambda: our_state(2),
            '--to released --classifiers 4',
            r'a\.pth has 2 classifiers per level, not 4 .*: add --classifiers 2$',
        ),
        (
            lambda: our_state(3),
            '--to released',
            r'a\.pth has 3 classifiers per level, .* a place for dilations \(6, 12\) or \(6, 12, ',
        ),
    ],
)
def test_another_network_is_refused(
    state: Callable, arguments: str, message: str, refused: Callable, tmp_path: Path
) -> None:
    source, target = save(tmp_path / 'a.pth', {'state_dict': state()}), tmp_path / 'b.pth'
    said = refused(source, target, *arguments.split())
    assert re.search(message, said), said
    assert str(source) in said
    assert not target.exists()


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('kept', [0, 100, 0.5, 0.99])
def test_truncated_file_is_refused(
    kept: float, legacy: bool, refused: Callable, tmp_path: Path
) -> None:
    source = save(tmp_path / 'a.pth', their_state(), legacy)
    data = source.read_bytes()
    source.write_bytes(data[: kept if kept >= 1 else int(kept * len(data))])
    assert f'{source} is not a readable weight file' in refused(
        source, tmp_path / 'b.pth', '--to', 'mmseg'
    )
    assert not (tmp_path / 'b.pth').exists()


class Payload:
    """Runs a function when unpickled."""

    def __init__(self, function: Callable, *arguments: object) -> None:
        self.call = function, arguments

    def __reduce__(self) -> tuple:
        return self.call


@pytest.mark.parametrize('kind', ['zip', 'legacy', 'pickle'])
def test_a_file_that_runs_code_is_refused(kind: str, refused: Callable, tmp_path: Path) -> None:
    source, trace = tmp_path / 'a.pth', tmp_path / 'trace'
    content = {'state_dict': their_state(), 'best_MIou': Payload(Path.touch, trace)}
    if kind == 'pickle':
        source.write_bytes(pickle.dumps(content, protocol=2))
    else:
        save(source, content, legacy=kind == 'legacy')
    message = refused(source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert f'{source} is not a readable weight file (' in message
    assert not trace.exists()
    assert not (tmp_path / 'b.pth').exists()
    with open(source, 'rb') as file:  # what the refusal saved us from
        torch.load(file, weights_only=False) if kind != 'pickle' else pickle.load(file)
    assert trace.exists()


def test_getattr_reaches_no_more_than_log_buffers_need(refused: Callable, tmp_path: Path) -> None:
    content = {'state_dict': their_state(), 'meta': Payload(getattr, np.ndarray, 'tofile')}
    source = save(tmp_path / 'a.pth', content)
    assert 'is not a readable weight file' in refused(source, tmp_path / 'b.pth', '--to', 'mmseg')


@pytest.mark.parametrize('content', [[1, 2], {'epoch': 3}, {}, torch.zeros(2)], ids=str)
def test_a_file_without_tensors_by_key_is_refused(
    content: object, refused: Callable, tmp_path: Path
) -> None:
    source = save(tmp_path / 'a.pth', content)
    assert f'{source} holds no state dict' in refused(source, tmp_path / 'b.pth', '--to', 'mmseg')


def test_an_existing_file_is_never_overwritten(refused: Callable, tmp_path: Path) -> None:
    source, target, link = (tmp_path / name for name in ('a.pth', 'b.pth', 'link.pth'))
    save(source, their_state())
    target.write_text('precious')
    link.symlink_to(tmp_path / 'nowhere')
    before = source.read_bytes()
    for path in (target, link, source, tmp_path):
        message = refused(source, path, '--to', 'mmseg')
        assert f'{path} exists and is not overwritten; remove it or name another' in message
    assert target.read_text() == 'precious' and source.read_bytes() == before
    assert link.is_symlink() and not (tmp_path / 'nowhere').exists()


def test_a_folder_that_is_missing(refused: Callable, tmp_path: Path) -> None:
    source = save(tmp_path / 'a.pth', their_state())
    target = tmp_path / 'nowhere/b.pth'
    message = refused(source, target, '--to', 'mmseg')
    assert f'{target} cannot be written: No such file or directory' in message


def test_a_full_disk_leaves_no_half_file(
    refused: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(payload: dict, file: object, **kwargs) -> None:
        file.write(b'half')
        raise OSError(28, 'No space left on device')

    source, target = save(tmp_path / 'a.pth', their_state()), tmp_path / 'b.pth'
    monkeypatch.setattr(torch, 'save', full)
    message = refused(source, target, '--to', 'mmseg')
    assert f'{target} cannot be written: No space left on device' in message
    assert not target.exists()


@pytest.mark.parametrize('source', ['absent.pth', '.'])
def test_no_source(source: str, refused: Callable, tmp_path: Path) -> None:
    message = refused(tmp_path / source, tmp_path / 'b.pth', '--to', 'mmseg')
    assert message == f'error: {tmp_path / source}: no such file'


def test_check_parity_refuses_a_partial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = save(tmp_path / 'a.pth', without(their_state(), 'module.conv1.weight'))
    with pytest.raises(
        SystemExit, match=r'a\.pth does not fit .*: 1 missing, such as module\.conv1'
    ):
        tool(check_parity, monkeypatch, source)


def test_command_line(tmp_path: Path) -> None:
    """From any folder: an error is a sentence and exit code 1."""
    script = REPO / 'tools/model_converters/convert_checkpoint.py'
    env = {**os.environ, 'PYTHONPATH': str(REPO), 'OMP_NUM_THREADS': '1'}
    process = subprocess.run(
        [sys.executable, script, 'absent.pth', 'b.pth', '--to', 'mmseg'],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    assert process.returncode == 1
    assert process.stderr.splitlines()[-1] == 'error: absent.pth: no such file'
    assert 'Traceback' not in process.stderr
