"""Wrong input of ``adapt``: one line that names the field or file, before anything is run."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from .place import Place, make_place
from tests.helpers.tiny_data import save_label
from tests.helpers.tiny_models import build_model, head_cfg, plain_cfg

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
Plant = Callable[[Place], tuple[str, ...]]
CASES: dict[str, tuple[Plant, str]] = {}


def case(message: str) -> Callable[[Plant], Plant]:
    """Register a fault that ends with an error that contains ``message``."""

    def register(plant: Plant) -> Plant:
        CASES[plant.__name__] = (plant, message)
        return plant

    return register


def other_weights(place: Place, **model: object) -> None:
    state = build_model(plain_cfg(**model)).state_dict()
    torch.save(dict(state_dict=state), place.root / 'model.pth')


@case('config: no file config.py')
def no_config(place: Place) -> tuple[str, ...]:
    (place.root / 'config.py').unlink()
    return ()


@case('config.py cannot be read')
def broken_config(place: Place) -> tuple[str, ...]:
    (place.root / 'config.py').write_text('model = dict(')
    return ()


@case('checkpoint: no file model.pth')
def no_checkpoint(place: Place) -> tuple[str, ...]:
    (place.root / 'model.pth').unlink()
    return ()


@case('checkpoint: model.pth cannot be read')
def truncated_checkpoint(place: Place) -> tuple[str, ...]:
    path = place.root / 'model.pth'
    path.write_bytes(path.read_bytes()[:1000])
    return ()


@case('decode_head.convs.0.conv.weight is (8, 16, 3, 3), in the model (16, 16, 3, 3)')
def another_model(place: Place) -> tuple[str, ...]:
    place.cfg.model.decode_head = head_cfg(channels=16)
    place.write()
    return ()


@case('decode_head.conv_seg.weight is (7, 8, 1, 1), in the model (4, 8, 1, 1)')
def another_number_of_classes(place: Place) -> tuple[str, ...]:
    other_weights(place, decode_head=head_cfg(num_classes=7))
    return ()


@case('model.decode_head.num_classes is 4, but the class list has 3')
def short_class_list(place: Place) -> tuple[str, ...]:
    for name in LOADERS:
        place.cfg[name].dataset.metainfo = dict(classes=['a', 'b', 'c'])
    place.write()
    return ()


@case('has a class list; give a data set of the config metainfo')
def no_class_list(place: Place) -> tuple[str, ...]:
    for name in LOADERS:
        place.cfg[name].dataset.pop('metainfo')
    place.write()
    return ()


@case('photos')
def empty_target(place: Place) -> tuple[str, ...]:
    shutil.rmtree(place.root / 'photos')
    (place.root / 'photos').mkdir()
    return ()


@case('photos')
def no_target(place: Place) -> tuple[str, ...]:
    shutil.rmtree(place.root / 'photos')
    return ()


@case('none of 12 images can be read')
def only_damaged_images(place: Place) -> tuple[str, ...]:
    for path in place.root.glob('photos/*/*.png'):
        path.write_bytes(b'no image')
    return ()


@case('--labels: no folder elsewhere')
def no_labels(place: Place) -> tuple[str, ...]:
    return ('--labels', 'elsewhere')


@case('--labels: labels fits no image')
def labels_of_other_images(place: Place) -> tuple[str, ...]:
    (place.root / 'labels').rename(place.root / 'old')
    (place.root / 'labels').mkdir()
    return ('--labels', 'labels')


@case('--labels: ')
def labels_with_other_ids(place: Place) -> tuple[str, ...]:
    for path in place.root.glob('labels/*/*.png'):
        shutil.copy(next(place.root.glob('photos/*/*.png')), path)
    return ('--labels', 'labels')


@case('--out: out exists and holds no adaptation')
def existing_folder(place: Place) -> tuple[str, ...]:
    (place.root / 'out').mkdir()
    (place.root / 'out/mine.txt').write_text('mine')
    return ()


@case('or use --source-free')
def no_source_data(place: Place) -> tuple[str, ...]:
    return ('--with-source',)


@case('makes every class a decision of its own')
def several_sigmoids(place: Place) -> tuple[str, ...]:
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    place.cfg.model.decode_head.loss_decode = loss
    place.write()
    return ()


@case('model.type: SegTTAModel cannot be adapted')
def no_segmentor(place: Place) -> tuple[str, ...]:
    place.cfg.model.type = 'SegTTAModel'
    place.write()
    return ()


@case('no norm layer of the model has affine parameters')
def no_norm_layers(place: Place) -> tuple[str, ...]:
    norm = dict(type='BN', affine=False)
    place.cfg.model.backbone.norm_cfg = norm
    place.cfg.model.decode_head.norm_cfg = norm
    other_weights(place, backbone=place.cfg.model.backbone, decode_head=head_cfg(norm_cfg=norm))
    place.write()
    return ()


@case('test_dataloader')
def no_test_pipeline(place: Place) -> tuple[str, ...]:
    place.cfg.pop('test_dataloader')
    place.cfg.pop('val_dataloader')
    place.write()
    return ()


@case('--device: cuda cannot be used')
def wrong_device(place: Place) -> tuple[str, ...]:
    return ('--device', 'cuda:77')


@case('--device: tpu is not known; give cpu, cuda or cuda:N')
def unknown_device(place: Place) -> tuple[str, ...]:
    return ('--device', 'tpu')


@case('--steps: must be at least 1, got 0')
def no_steps(place: Place) -> tuple[str, ...]:
    return ('--steps', '0')


@case('--lr: must be above 0 and finite, got -1')
def negative_rate(place: Place) -> tuple[str, ...]:
    return ('--lr', '-1')


@case('--lr: must be above 0 and finite, got inf')
def infinite_rate(place: Place) -> tuple[str, ...]:
    return ('--lr', 'inf')


@case('--seed: must be from 0 to 4294967295, got 99999999999')
def large_seed(place: Place) -> tuple[str, ...]:
    return ('--seed', '99999999999')


@case('--amp needs a GPU')
def amp_without_gpu(place: Place) -> tuple[str, ...]:
    return ('--amp', '--device', 'cpu')


@case('holds the config config.py, which is yours; name a new folder')
def folder_of_the_config(place: Place) -> tuple[str, ...]:
    return ('--out', '.')


@case('--out: mine exists and holds no adaptation')
def folder_with_a_config(place: Place) -> tuple[str, ...]:
    (place.root / 'mine').mkdir()
    shutil.copy(place.root / 'config.py', place.root / 'mine/config.py')
    return ('--out', 'mine')


@case('--out: config.py/x cannot be written to: ')
def folder_below_a_file(place: Place) -> tuple[str, ...]:
    return ('--out', 'config.py/x')


@case('--out: /proc/x cannot be written to: /proc: ')
def folder_that_cannot_be_made(place: Place) -> tuple[str, ...]:
    return ('--out', '/proc/x')


@case('checkpoint: model.pth holds NaN or infinite values in 1 tensors: backbone.conv1.weight')
def nan_in_checkpoint(place: Place) -> tuple[str, ...]:
    content = torch.load(place.root / 'model.pth', weights_only=True)
    content['state_dict']['backbone.conv1.weight'][0] = torch.nan
    torch.save(content, place.root / 'model.pth')
    return ()


def with_classes(place: Place, count: int) -> tuple[str, ...]:
    head = head_cfg(num_classes=count)
    other_weights(place, decode_head=head)
    place.cfg.model.decode_head = head
    for name in LOADERS:
        place.cfg[name].dataset.metainfo = dict(classes=[f'c{i}' for i in range(count)])
    place.write()
    return ()


@case('model.decode_head.num_classes is 1: adapt needs 2 to 256 classes')
def one_class(place: Place) -> tuple[str, ...]:
    return with_classes(place, 1)


@case('model.decode_head.num_classes is 257: adapt needs 2 to 256 classes')
def many_classes(place: Place) -> tuple[str, ...]:
    return with_classes(place, 257)


@case('--labels: labels/a/00.png has 10 x 8 pixels, its image')
def label_of_another_size(place: Place) -> tuple[str, ...]:
    save_label(place.root / 'labels/a/00.png', np.zeros((8, 10), np.uint8))
    return ('--labels', 'labels')


@case('that can be a line of a list: ')
def names_of_another_encoding(place: Place) -> tuple[str, ...]:
    for path in place.root.glob('photos/*/*.png'):
        path.unlink()
    shutil.copy(place.root / 'labels/a/00.png', os.fsdecode(b'photos/caf\xe9.png'))
    return ()


@pytest.mark.parametrize('name', CASES)
def test_refused(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    place = make_place(tmp_path, monkeypatch)
    plant, message = CASES[name]
    options = plant(place)
    before = {path for path in tmp_path.rglob('*') if path.is_file()}
    with pytest.raises(SystemExit) as end:
        place.adapt(*options)
    text = str(end.value)
    assert text.startswith('error: ') or end.value.code == 2  # 2: of the argument parser
    shown = text if text.startswith('error: ') else capsys.readouterr().err
    assert message in shown
    assert '\n' not in text
    assert {path for path in tmp_path.rglob('*') if path.is_file()} == before


def test_a_damaged_image_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """It is named, and the other images are used."""
    place = make_place(tmp_path, monkeypatch)
    (tmp_path / 'photos/a/03.png').write_bytes(b'no image')
    place.adapt('--dry-run')
    shown = capsys.readouterr().out
    assert '12 found, 11 read' in shown
    assert 'left out: image photos/a/03.png cannot be read (8 bytes)' in shown
