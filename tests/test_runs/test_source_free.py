"""Source-free training by the command, from a checkpoint of a run (more than weights)."""

from pathlib import Path

import pytest
import torch

from mmseg_maxsquare.cli.main import main

from .error_cases.base import Place, make_place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD', '1')  # which the command leaves set
    monkeypatch.setenv('LOCAL_RANK', '0')
    return make_place(tmp_path, monkeypatch)


def run(place: Place, name: str, *options: str) -> Path:
    """Work dir of a training with the config as it is now."""
    place.cfg.experiment_name = f'{place.root.name}_{name}'
    lines = (f'{key} = {value!r}\n' for key, value in place.cfg.to_dict().items())
    (place.root / f'{name}.py').write_text(''.join(lines))
    main(['train', f'{name}.py', '--work-dir', name, *options])
    return place.root / name


@pytest.mark.slow
def test_from_a_checkpoint_of_a_run(place: Place) -> None:
    """Also resumed; only norm layers differ from the source model."""
    source = str(run(place, 'source') / 'iter_2.pth')
    place.cfg.load_from = source
    place.cfg.model.update(trained_params='norm', anchor=dict(checkpoint=source), guidance=None)
    place.cfg.train_dataloader.dataset.source = None
    place.cfg.optim_wrapper.optimizer.lr = 10.0
    work_dir = run(place, 'adapted')
    run(place, 'adapted', '--resume', '--cfg-options', 'train_cfg.max_iters=5')
    before, after = (
        torch.load(path, weights_only=False)['state_dict']
        for path in (source, work_dir / 'iter_4.pth')
    )
    moved = {key for key, value in after.items() if not torch.equal(value, before[key])}
    assert any('running_mean' in key for key in moved)
    assert any('bn' in key and key.endswith('weight') for key in moved)
    assert not any('conv_seg' in key or key.endswith('conv.weight') for key in moved)


def test_guard_in_a_training(place: Place) -> None:
    """It takes ``load_from`` as the source model; a wrong one is refused before the start."""
    source = str(run(place, 'source') / 'iter_2.pth')
    place.cfg.load_from = source
    place.cfg.model.update(trained_params='norm', guidance=None)
    looked_at = dict(place.cfg.train_dataloader.dataset.target)
    place.cfg.custom_hooks = [dict(type='GuardHook', dataset=looked_at, interval=2)]
    work_dir = run(place, 'guarded')
    names = [line.split(',')[0] for line in (work_dir / 'guard.csv').read_text().splitlines()]
    assert names == ['name', 'source', 'statistics', 'step 2', 'step 3']
    place.cfg.custom_hooks[0]['checkpoint'] = 'nowhere.pth'
    with pytest.raises(SystemExit, match=r'custom_hooks\.0\.checkpoint: no file nowhere.pth'):
        run(place, 'refused')
