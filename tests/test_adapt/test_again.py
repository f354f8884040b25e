"""The command ``adapt`` once more: stopped, finished, changed and damaged runs."""

import json
from pathlib import Path

import pytest
import torch
from mmengine.runner import Runner

from mmseg_maxsquare.adapt.request import Request
from mmseg_maxsquare.engine import GuardHook

from .place import Place, make_place, weights
from tests.helpers.tiny_models import build_model, low_head_cfg


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch, auxiliary_head=low_head_cfg())


def test_same_call_again(place: Place, capsys: pytest.CaptureFixture) -> None:
    """It prints the verdict and changes nothing; other arguments are refused."""
    out = place.adapt()
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    capsys.readouterr()
    place.adapt()
    assert capsys.readouterr().out.startswith('verdict: ')
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times
    with pytest.raises(SystemExit, match=r'other arguments \(lr: 0.001 there, 0.01 now\)'):
        place.adapt('--lr', '1e-2')


def test_stopped_and_resumed(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """Ctrl-C names the command that goes on, which ends as a run without a stop."""
    whole = place.adapt('--steps', '6', out='whole')

    options = ('--steps', '6', '--dry-run')
    out = place.adapt(*options)
    config = (out / 'config.py').read_text()
    (out / 'config.py').write_text(config.replace('interval=50', 'interval=2'))
    monkeypatch.setattr('sys.argv', ['mmseg-maxsquare', 'adapt', 'config.py'])
    original = GuardHook.after_train_iter

    def stop(self: GuardHook, runner: Runner, *args: object, **kwargs: object) -> None:
        original(self, runner, *args, **kwargs)
        if runner.iter == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(GuardHook, 'after_train_iter', stop)
        with pytest.raises(SystemExit) as end:
            place.adapt('--steps', '6')
    assert end.value.code == 130
    assert 'this goes on:\n  mmseg-maxsquare adapt config.py' in capsys.readouterr().err
    assert (out / 'run/iter_2.pth').is_file()
    place.adapt('--steps', '6')
    one, other = weights(whole / 'adapted.pth'), weights(out / 'adapted.pth')
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert (whole / 'indicators.csv').read_text() == (out / 'indicators.csv').read_text()


def test_killed_while_preparing(place: Place) -> None:
    """What such a call has left does not block the folder, for whichever arguments."""
    out = place.adapt('--dry-run')
    (out / 'config.py').unlink()
    place.adapt('--dry-run', '--lr', '1e-2')
    assert 'lr=0.01' in (out / 'config.py').read_text()
    (place.root / 'other').mkdir()
    (place.root / 'other/adapt.json.mmseg_maxsquare_partial').write_text('{')
    assert (place.adapt('--dry-run', out='other') / 'config.py').is_file()


def test_nothing_stays_of_a_run_that_cannot_start(place: Place) -> None:
    """Only building the runner shows this fault; the corrected command then works."""
    with pytest.raises(SystemExit, match='num_wrkers'):
        place.adapt(fields=['train_dataloader.num_wrkers=0'])
    assert not (place.root / 'out').exists()
    assert (place.adapt('--steps', '1') / 'verdict.json').is_file()


def test_a_finished_run_is_scored(place: Place, capsys: pytest.CaptureFixture) -> None:
    """The same command with labels gives the scores; wrong labels are refused before that."""
    out = place.adapt()
    before = weights(out / 'adapted.pth')
    seconds = json.loads((out / 'verdict.json').read_text())['seconds']
    with pytest.raises(SystemExit, match='--labels: no folder nosuch'):
        place.adapt('--labels', 'nosuch')
    for path in place.root.glob('labels/b/*.png'):
        path.unlink()
    capsys.readouterr()
    place.adapt('--labels', 'labels')
    verdict = json.loads((out / 'verdict.json').read_text())
    assert verdict['seconds'] == seconds
    assert verdict['scores']['images'] == 6 and verdict['scores']['of'] == 12
    shown = capsys.readouterr().out
    assert 'with labels: mIoU' in shown and 'on 6 of 12 images' in shown
    assert '6 of 12 images' in (out / 'report.html').read_text()
    assert all(
        torch.equal(before[key], value) for key, value in weights(out / 'adapted.pth').items()
    )
    times = {path: path.stat().st_mtime_ns for path in out.rglob('*')}
    place.adapt('--labels', 'labels')
    assert {path: path.stat().st_mtime_ns for path in out.rglob('*')} == times


def test_replaced_files(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Another content makes another run; files that are gone do not matter at its end."""
    out = place.adapt('--dry-run')
    content = (place.root / 'model.pth').read_bytes()
    state = build_model(place.cfg.model, seed=1).state_dict()
    torch.save(dict(state_dict=state), place.root / 'model.pth')
    with pytest.raises(SystemExit, match='of another checkpoint: the contents of .*model.pth'):
        place.adapt()
    (place.root / 'model.pth').write_bytes(content)
    place.adapt()
    place.cfg.model.test_cfg = dict(mode='slide', crop_size=(32, 32), stride=(32, 32))
    place.write()
    with pytest.raises(SystemExit, match='of another config: the contents of .*config.py'):
        place.adapt()
    (place.root / 'model.pth').unlink()
    (place.root / 'config.py').unlink()
    capsys.readouterr()
    place.adapt()
    assert capsys.readouterr().out.startswith('verdict: ')
    (out / 'adapt.json').write_text('')
    with pytest.raises(SystemExit, match='adapt.json is damaged'):
        place.adapt()


def test_another_spelling_of_the_config(place: Place, capsys: pytest.CaptureFixture) -> None:
    out = place.adapt('--dry-run')
    record = (out / 'adapt.json').read_text()
    assert json.loads(record)['config'] == str(place.root / 'config.py')
    link = place.root / 'link.py'
    link.symlink_to(place.root / 'config.py')
    assert Request(str(link), 'm', 't').identity()['config'] == str(place.root / 'config.py')


def test_a_lost_result_is_made_again(place: Place) -> None:
    out = place.adapt()
    before = weights(out / 'adapted.pth')
    (out / 'adapted.pth').unlink()
    (out / 'report.html').unlink()
    place.adapt()
    assert (out / 'report.html').is_file()
    assert all(
        torch.equal(value, before[key]) for key, value in weights(out / 'adapted.pth').items()
    )


def test_an_unforeseen_error_is_one_line(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args, **kwargs):
        raise RuntimeError('nobody\nforesaw this')

    monkeypatch.setattr('mmseg_maxsquare.adapt.adapt.train', fail)
    with pytest.raises(SystemExit, match='^error: RuntimeError: nobody foresaw this; the log is'):
        place.adapt()
    assert not Path('out').exists()


def test_a_full_disk_while_training(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command goes on: nothing is withdrawn."""

    def fail(*args, **kwargs):
        raise OSError(28, 'No space left on device', 'out/run/x')

    monkeypatch.setattr('mmseg_maxsquare.adapt.adapt.train', fail)
    with pytest.raises(SystemExit, match='out/run/x: No space left on device; the same command go'):
        place.adapt()
    assert Path('out/config.py').is_file()
