"""Self-training: files of the rounds, killed in every phase, wrong fields."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS

from mmseg_maxsquare.engine.pseudo_labelling import Labeller

from tests.helpers.fault_case import Case, Server
from tests.helpers.tiny_data import make_cityscapes, make_gta5

RULES = dict(
    rounds=2, round_iters=4, portion=0.4, portion_step=0.2, max_portion=0.5, select=2,
    source_share=0.5, source_share_step=0.25, max_source_share=1.0, fewest_rare=3,
)  # fmt: skip


@pytest.fixture(scope='module')
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp('server'))
    yield server
    server.process.stdin.close()
    server.process.wait()


@pytest.fixture(scope='module')
def cbst(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two rounds of four steps on two of three target images, with a spatial prior."""
    data, folder = tmp_path_factory.mktemp('data'), tmp_path_factory.mktemp('cbst')
    make_gta5(data / 'gta5', count=5)
    make_cityscapes(data / 'cityscapes', train=3)
    options = dict(uda=False, workers=0, interval=1, max_keep_ckpts=-1)
    return Case(server, folder, data, self_training=RULES, **options)


def round_of(case: Case, number: int) -> dict:
    path = case.whole / f'self_training/round_{number}/round.json'
    return json.loads(path.read_text())


def test_rounds(cbst: Case) -> None:
    """Portions, growing prefix of the source, the chosen images, rare classes."""
    first, second = round_of(cbst, 1), round_of(cbst, 2)
    assert (first['portion'], second['portion']) == pytest.approx((0.4, 0.5))
    assert (len(first['source']), len(second['source'])) == (2, 3)
    assert set(first['source']) < set(second['source'])
    chosen = json.loads((cbst.whole / 'self_training/selected.json').read_text())
    assert first['target'] == second['target'] == chosen['images']
    scores = {int(k): v for k, v in chosen['scores'].items()}
    assert sorted(scores, key=scores.get)[-2:] == sorted(chosen['images'], key=scores.get)
    assert len(first['rare_classes']) >= 3
    assert not (cbst.whole / 'self_training/round_1/confidences').exists()
    assert (cbst.whole / 'self_training/prior.png').is_file()


def test_labels_are_those_of_a_slow_second_implementation(cbst: Case) -> None:
    """All maps of round 2 in memory at once, lists sorted, pixels one by one."""
    init_default_scope('mmseg')
    cfg = Config.fromfile(cbst.config)
    model = MODELS.build(cfg.model)
    state = torch.load(cbst.whole / 'iter_4.pth', weights_only=False)['state_dict']
    model.load_state_dict(state)
    model.eval()
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    written = round_of(cbst, 2)
    with np.load(cbst.whole / 'self_training/prior.npz') as file:
        prior = torch.from_numpy(file['prior'])[None]
    maps = {}
    for number in written['target']:
        data = model.data_preprocessor(pseudo_collate([dataset.to_label[number]]), False)
        images = data['inputs']
        with torch.no_grad():
            meta = [dict(img_shape=images.shape[2:], ori_shape=images.shape[2:])]
            plain = model.inference(images, meta).softmax(1)
            mirrored = model.inference(images.flip(-1), meta).softmax(1).flip(-1)
        size = images.shape[2:]
        weights = torch.nn.functional.interpolate(prior, size, mode='bilinear')
        maps[number] = ((plain + mirrored) / 2 * weights)[0]
    found: list[list[float]] = [[] for _ in range(19)]
    for map_ in maps.values():
        best, label = map_.max(0)
        for c, p in zip(label.flatten()[::4].tolist(), best.flatten()[::4].tolist(), strict=True):
            found[c].append(p)
    limits = []
    for values in found:
        place = int(len(values) * written['portion'])
        limits.append(sorted(values, reverse=True)[place - 1] if place else 1.0)
    assert list(written['thresholds'].values()) == pytest.approx(limits, rel=1e-5)
    assert list(written['predicted_pixels'].values()) == [len(values) for values in found]
    for number, map_ in maps.items():
        path = cbst.whole / f'self_training/round_2/labels/{number:06d}.png'
        label = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        ratio = map_ / torch.tensor(limits)[:, None, None]
        expected = torch.where(ratio.amax(0) >= 1, ratio.argmax(0), 255).numpy()
        # Rounding may decide at a threshold.
        assert (label == expected).mean() > 0.98
        assert 0.05 < (label != 255).mean() < 0.95


SYNC = 'os.fsync'
STEP = 'mmengine.runner.IterBasedTrainLoop.run_iter'
MOMENTS = {
    'choosing images': dict(at='mmseg_maxsquare.engine.pseudo_labelling.Labeller.maps', call=2),
    'in the choice': dict(at=SYNC, call=3, when='half'),
    'in the prior': dict(at=SYNC, call=7, when='half'),
    'in the confidences': dict(at=SYNC, call=11, when='half'),
    'in the labels': dict(at=SYNC, call=16, when='after'),
    'before the first round': dict(at=STEP, call=1),
    'in the first round': dict(at=STEP, call=3),
    'before the second labels': dict(at=STEP, call=4, when='after'),
    'in the second confidences': dict(at=SYNC, call=41, when='half'),
    'in the second labels': dict(at=SYNC, call=45, when='after'),
    'in the last round': dict(at=STEP, call=7),
}


@pytest.mark.parametrize('moment', MOMENTS)
def test_killed(moment: str, cbst: Case, tmp_path: Path) -> None:
    """In every phase; the resumed run is the one that was never stopped, to the bit."""
    assert cbst.run(tmp_path, kill=MOMENTS[moment]) == -9
    cbst.finish(tmp_path)
    for number in (1, 2):
        parts = f'self_training/round_{number}'
        names = [p.name for p in sorted((cbst.whole / parts / 'labels').iterdir())]
        assert [p.name for p in sorted((tmp_path / parts / 'labels').iterdir())] == names
        for name in (*(f'labels/{name}' for name in names), 'round.json', 'made_of.json'):
            ours, theirs = tmp_path / parts / name, cbst.whole / parts / name
            assert ours.read_bytes() == theirs.read_bytes(), name


def test_missing_labels_in_a_round(cbst: Case, tmp_path: Path) -> None:
    """One line that says where to resume from."""
    assert cbst.run(tmp_path, kill=dict(at=STEP, call=3)) == -9
    (tmp_path / 'self_training/round_1/round.json').unlink()
    assert cbst.run(tmp_path, '--resume') == 1
    assert 'the pseudo labels of this round are missing' in cbst.server.output
    assert 'Traceback' not in cbst.server.output


def test_files_of_other_rules(cbst: Case, tmp_path: Path) -> None:
    """Before the first checkpoint they are made again; in a round the change is refused."""
    labels = dict(at='mmseg_maxsquare.engine.rounds.write_labels', call=1, when='after')
    assert cbst.run(tmp_path / 'a', '--cfg-options', 'train_cfg.portion=0.3', kill=labels) == -9
    thresholds = tmp_path / 'a/self_training/round_1/confidences'
    assert thresholds.is_dir()
    cbst.finish(tmp_path / 'a')
    assert (tmp_path / 'a/self_training/round_1/made_of.json').read_bytes() == (
        cbst.whole / 'self_training/round_1/made_of.json'
    ).read_bytes()
    assert cbst.run(tmp_path / 'b', kill=dict(at=STEP, call=3)) == -9
    assert cbst.run(tmp_path / 'b', '--resume', '--cfg-options', 'train_cfg.portion=0.3') == 1
    assert 'were made with other values of portion; resume with those' in cbst.server.output


@pytest.mark.parametrize(('option', 'message'), [
    ('train_cfg.portion=0', r'train_cfg.portion: must lie in (0, 1], got 0'),
    ('train_cfg.max_portion=1.5', r'train_cfg.max_portion: must lie in (0, 1], got 1.5'),
    ('train_cfg.rounds=0', 'train_cfg.rounds: must be a whole number of at least 1, got 0'),
    ('train_cfg.select=4', 'train_cfg.select: 4 images, but the target has 3'),
    ('train_cfg.policy=balanced', "train_cfg.policy: must be one of"),
    ('train_cfg.portion=abc', "train_cfg.portion: must lie in (0, 1], got 'abc'"),
    ('train_cfg.portion=0.9', 'train_cfg.portion: is 0.9, above train_cfg.max_portion=0.5'),
    ('train_cfg.portion_step=-0.5', 'train_cfg.portion_step: must lie in [0, 1], got -0.5'),
    ('train_cfg.rare_below=True', 'train_cfg.rare_below: must lie in [0, 1], got True'),
    ('train_cfg.prior_width=1.5', 'train_cfg.prior_width: must be a whole number of at least 1'),
    ('train_cfg.fewest_rare=-1', 'train_cfg.fewest_rare: must be a whole number of at least 0'),
    ('train_cfg.flip=abc', "train_cfg.flip: must be True or False, got 'abc'"),
    ('train_cfg.type=ResumableTrainLoop',
     "train_cfg.type: is 'ResumableTrainLoop', but train_dataloader.dataset is a SelfTraining"),
    ('train_cfg.max_iters=9', 'train_cfg.max_iters: is 9, but rounds * round_iters is 8'),
])  # fmt: skip
def test_wrong_fields(option: str, message: str, cbst: Case, tmp_path: Path) -> None:
    """One-line errors before the first step."""
    assert cbst.run(tmp_path, '--cfg-options', option) == 1
    assert message in cbst.server.output, cbst.server.output[-2000:]
    assert 'Traceback' not in cbst.server.output


def test_too_few_pixels_for_a_threshold(cbst: Case, tmp_path: Path) -> None:
    options = ['--cfg-options', 'train_cfg.portion=1e-9', 'train_cfg.portion_step=0']
    assert cbst.run(tmp_path, *options) == 1
    message = 'round 1 of 2: no class has enough pixels for a threshold: the most have '
    assert message in cbst.server.output and 'train_cfg.portion is 1e-09' in cbst.server.output
    assert 'Traceback' not in cbst.server.output
    assert not list(tmp_path.glob('*.pth'))


def test_a_labeller_holds_no_maps() -> None:
    """It keeps a model, a data set and a prior alone."""
    labeller = Labeller(torch.nn.Identity(), [], None, True)
    assert set(vars(labeller)) == {'model', 'images', 'flip', 'prior'}
