"""A run that is killed and resumed is the run that was never stopped, to the bit."""

import os
import pickle
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from tests.helpers.fault_case import STEPS, Case, Server, assert_same, state
from tests.helpers.tiny_data import make_cityscapes, make_gta5

KILLED = -9
SIZE = (32, 40)  # the least for a discriminator


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp('server'))
    yield server
    server.process.stdin.close()
    server.process.wait()


@pytest.fixture(scope='module')
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp('data')
    make_gta5(root / 'gta5', count=5, size=SIZE)
    make_cityscapes(root / 'cityscapes', train=3, size=SIZE)
    return root


@pytest.fixture(scope='module')
def maxsquare(server: Server, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Both domains; checkpoints of odd steps lie between two updates of the weights."""
    folder = tmp_path_factory.mktemp('maxsquare')
    return Case(server, folder, data, uda=True, workers=0, interval=1, max_keep_ckpts=2)


WEIGHTS = dict(decode_head=0.1, auxiliary_head=0.02)
WITH_NETWORKS = dict(
    adaptsegnet=dict(type='AdaptSegNet', weights=WEIGHTS),
    advent=dict(type='AdvEnt', weights=WEIGHTS),
    cross_city=dict(type='CrossCity'),  # its ramp-up counts steps
)


def case_of(name: str, server: Server, data: Path, factory: pytest.TempPathFactory) -> Case:
    """The same with networks of a method and their optimizer."""
    options = dict(uda=True, workers=0, interval=1, max_keep_ckpts=2)
    methods = [WITH_NETWORKS[name]]
    return Case(server, factory.mktemp(name), data, methods=methods, **options)


@pytest.fixture(scope='module')
def adaptsegnet(server: Server, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Discriminators of maps of probabilities."""
    return case_of('adaptsegnet', server, data, tmp_path_factory)


@pytest.fixture(scope='module')
def advent(server: Server, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Discriminators of self-information."""
    return case_of('advent', server, data, tmp_path_factory)


@pytest.fixture(scope='module')
def cross_city(server: Server, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Discriminators of features."""
    return case_of('cross_city', server, data, tmp_path_factory)


SLOW = [pytest.param(name, marks=pytest.mark.slow) for name in ('advent', 'cross_city')]


@pytest.fixture(scope='module', params=['maxsquare', 'adaptsegnet', *SLOW])
def uda(request: pytest.FixtureRequest) -> Case:
    """A method that adapts."""
    return request.getfixturevalue(request.param)


@pytest.fixture(scope='module')
def plain(server: Server, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Source only, mmengine's sampler, a worker, one checkpoint and the best."""
    folder = tmp_path_factory.mktemp('plain')
    hook = dict(interval=3, max_keep_ckpts=1, save_best='mIoU')
    return Case(server, folder, data, uda=False, workers=1, **hook)


STEP = 'mmengine.runner.IterBasedTrainLoop.run_iter'
VALIDATION = 'mmengine.runner.ValLoop.run_iter'  # two images
# A checkpoint takes four: its file, its name, last_checkpoint's file and name.
SYNC = 'os.fsync'
MOMENTS = {
    'before the first checkpoint': dict(at=STEP, call=1),
    'between two updates': dict(at=STEP, call=6),
    'in the first checkpoint': dict(at=SYNC, call=1, when='half'),
    'in a checkpoint': dict(at=SYNC, call=9, when='half'),
    'before its last_checkpoint': dict(at=SYNC, call=9, when='after'),
    'in its last_checkpoint': dict(at=SYNC, call=11, when='half'),
    'before the old one is removed': dict(at='os.remove'),
    'in a validation': dict(at=VALIDATION, call=2),
    'in the last validation': dict(at=VALIDATION, call=4),
}
PLAIN_MOMENTS = {
    'in a step': dict(at=STEP, call=6),
    'in a checkpoint': dict(at=SYNC, call=7, when='half'),
    'before the old one is removed': dict(at='os.remove'),
    'in the last validation': dict(at=VALIDATION, call=4),
}


@pytest.mark.parametrize('moment', MOMENTS)
def test_killed(moment: str, uda: Case, tmp_path: Path) -> None:
    assert uda.run(tmp_path, kill=MOMENTS[moment]) == KILLED
    uda.finish(tmp_path)


@pytest.mark.parametrize('moment', PLAIN_MOMENTS)
def test_source_model_killed(moment: str, plain: Case, tmp_path: Path) -> None:
    """The best checkpoint is as good as the last one, and never missing."""
    assert plain.run(tmp_path, kill=PLAIN_MOMENTS[moment]) == KILLED
    files = [path.name for path in tmp_path.glob('*.pth')]
    assert any(name.startswith('iter_') for name in files)
    if 'validation' in moment:
        assert any(name.startswith('best_') for name in files)
    plain.finish(tmp_path)
    best = [folder / next(folder.glob('best_*')).name for folder in (tmp_path, plain.whole)]
    weights = [torch.load(path, weights_only=False)['state_dict'] for path in best]
    assert_same(*weights)


@pytest.mark.parametrize(
    ('name', 'seed'),
    [
        ('maxsquare', 0),
        ('plain', 1),
        *(
            pytest.param(name, seed, marks=pytest.mark.slow)
            for name in ('maxsquare', 'adaptsegnet', 'plain')
            for seed in range(2, 12)
        ),
    ],
)
def test_killed_at_random_moments(
    name: str, seed: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Again and again, a resumed run too."""
    case = request.getfixturevalue(name)
    moments = random.Random(seed)
    for _ in range(3):
        seconds = moments.uniform(0.2, 1) * case.seconds
        if case.run(tmp_path, '--resume', kill=dict(seconds=seconds)) == 0:
            break
    case.finish(tmp_path)


@pytest.mark.slow
def test_whatever_the_seed(plain: Case, tmp_path: Path) -> None:
    """A run without one draws it, and a resumed run takes that."""
    options = ['--cfg-options', 'randomness.seed=None']
    assert plain.run(tmp_path / 'killed', *options, kill=dict(at=STEP, call=6)) == KILLED
    assert plain.run(tmp_path / 'killed', '--resume', *options) == 0
    last = torch.load(tmp_path / f'killed/iter_{STEPS}.pth', weights_only=False)
    options[1] = f'randomness.seed={last["meta"]["seed"]}'
    assert plain.run(tmp_path / 'whole', *options) == 0
    assert_same(state(tmp_path / 'killed'), state(tmp_path / 'whole'))


class Malicious:
    """Makes a file when it is unpickled by an unsafe loader."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.system, (f'touch {self.trace}',)


@pytest.fixture(scope='module')
def killed(uda: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run killed in its sixth step; its last checkpoint is iter_5.pth."""
    work_dir = tmp_path_factory.mktemp('killed') / 'run'
    assert uda.run(work_dir, kill=dict(at=STEP, call=6)) == KILLED
    return work_dir


def cut_off(path: Path, good: bytes) -> None:
    path.write_bytes(good[: len(good) // 2])


def empty(path: Path, good: bytes) -> None:
    path.write_bytes(b'')


def damaged(path: Path, good: bytes) -> None:
    """A block of zeros amid the tensors, as a crash of the machine leaves it."""
    middle = len(good) // 2
    path.write_bytes(good[:middle] + bytes(512) + good[middle + 512 :])


def malicious(path: Path, good: bytes) -> None:
    checkpoint = torch.load(path.with_name('iter_5.pth'), weights_only=False)
    torch.save({**checkpoint, 'code': Malicious(path.with_name('trace'))}, path)


@pytest.mark.parametrize('spoil', [cut_off, empty, damaged, malicious])
def test_broken_checkpoint_is_passed_over(
    spoil: object, killed: Path, uda: Case, tmp_path: Path
) -> None:
    """As a plain writer leaves it: the newest, and last_checkpoint names it."""
    work_dir = shutil.copytree(killed, tmp_path / 'run')
    broken = work_dir / 'iter_100.pth'
    spoil(broken, (work_dir / 'iter_5.pth').read_bytes())
    content = broken.read_bytes()
    (work_dir / 'last_checkpoint').write_text(str(broken))
    assert uda.run(work_dir, '--resume') == 0
    assert f'not resumed from: {broken} ' in uda.server.output
    assert 'resumed epoch: 0, iter: 5' in uda.server.output
    assert broken.read_bytes() == content
    broken.unlink()
    uda.compare(work_dir)
    assert not list(tmp_path.rglob('trace'))


@pytest.mark.parametrize('pointer', ['', '/nowhere/iter_5.pth', None])
def test_last_checkpoint_is_not_needed(
    pointer: str | None, killed: Path, uda: Case, tmp_path: Path
) -> None:
    work_dir = shutil.copytree(killed, tmp_path / 'run')
    (work_dir / 'last_checkpoint').unlink()
    if pointer is not None:
        (work_dir / 'last_checkpoint').write_text(pointer)
    assert uda.run(work_dir, '--resume') == 0
    assert 'resumed epoch: 0, iter: 5' in uda.server.output
    uda.compare(work_dir)


@pytest.mark.parametrize('name', ['maxsquare', 'adaptsegnet', 'plain'])
def test_copied_folder_leaves_the_original_alone(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Neither outdated nor formerly best checkpoints are removed there."""
    case = request.getfixturevalue(name)
    assert case.run(tmp_path / 'run', kill=dict(at=STEP, call=6)) == KILLED
    before = {path.name: path.read_bytes() for path in (tmp_path / 'run').glob('*.pth')}
    case.finish(shutil.copytree(tmp_path / 'run', tmp_path / 'copy'))
    after = {path.name: path.read_bytes() for path in (tmp_path / 'run').glob('*.pth')}
    assert before and after == before


def test_nothing_to_resume_from(uda: Case, tmp_path: Path) -> None:
    """Only a broken file: the run starts anew and says why."""
    empty(tmp_path / 'iter_3.pth', b'')
    assert uda.run(tmp_path, '--resume') == 0
    assert f'not resumed from: {tmp_path}/iter_3.pth cannot be read' in uda.server.output
    uda.compare(tmp_path)


@pytest.mark.parametrize('writer', ['zip', 'legacy', 'pickle'])
@pytest.mark.parametrize('tool', ['train', 'test'])
def test_code_in_a_checkpoint_is_refused(tool: str, writer: str, uda: Case, tmp_path: Path) -> None:
    path = tmp_path / 'bad.pth'
    payload = {'meta': Malicious(tmp_path / 'trace'), 'state_dict': {'weight': torch.zeros(1)}}
    if writer == 'pickle':
        path.write_bytes(pickle.dumps(payload, protocol=2))
    else:
        torch.save(payload, path, _use_new_zipfile_serialization=writer == 'zip')
    if tool == 'train':
        code = uda.run(tmp_path / 'run', '--cfg-options', f'load_from={path}')
    else:
        code = uda.server('test', uda.config, path, '--work-dir', tmp_path / 'run')
    what = 'load_from' if tool == 'train' else 'checkpoint'
    assert code == 1
    assert f'error: {what}: {path} is refused, since it may run code' in uda.server.output
    assert 'system' in uda.server.output and 'Traceback' not in uda.server.output
    assert not (tmp_path / 'trace').exists()


def test_good_checkpoint_loads(uda: Case, tmp_path: Path) -> None:
    options = ['--cfg-options', f'load_from={uda.whole}/iter_{STEPS}.pth', 'train_cfg.max_iters=1']
    assert uda.run(tmp_path, *options) == 0
    assert f'from path: {uda.whole}/iter_{STEPS}.pth' in uda.server.output
    assert 'Falling back' not in uda.server.output
