"""The command ``predict``: its files, and what it refuses."""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import MagicMock

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model
from mmseg.models import EncoderDecoder
from PIL import Image

from mmseg_maxsquare.adapt.outputs import names_of
from mmseg_maxsquare.cli.main import main

from .place import META, SIZE, Place, make_place
from tests.helpers.tiny_data import write_huge
from tests.helpers.tiny_models import head_cfg


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    return make_place(tmp_path, monkeypatch, photos=4)


def predict(*options: str, images: str = 'photos', out: str = 'out') -> Path:
    main(['predict', 'config.py', 'model.pth', images, '--out', out, *options])
    return Path(out)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob('*') if path.is_file())


def test_labels_are_those_of_mmseg(place: Place) -> None:
    """At the size of the image, with the palette, in the folders of the images."""
    rng = np.random.default_rng(3)
    photo = rng.integers(0, 256, (70, 50, 3), dtype=np.uint8)
    Image.fromarray(photo).save('photos/b/other_size.png')
    out = predict()
    names = ['a/00', 'a/01', 'b/02', 'b/03', 'b/other_size']
    assert files(out / 'labels') == [f'{name}.png' for name in names]
    assert files(out / 'overlays') == [f'{name}.jpg' for name in names]
    model = init_model('config.py', 'model.pth', device='cpu')
    model.cfg.test_pipeline = [
        s for s in model.cfg.test_dataloader.dataset.pipeline if 'Annotations' not in s.type
    ]
    for name in names:
        found = Image.open(out / f'labels/{name}.png')
        assert found.mode == 'P'
        assert found.getpalette()[: 3 * 4] == [v for rgb in META['palette'] for v in rgb]
        expected = inference_model(model, f'photos/{name}.png').pred_sem_seg.data[0]
        np.testing.assert_array_equal(np.array(found), expected.numpy())
    assert np.array(Image.open(out / 'labels/b/other_size.png')).shape == (70, 50)
    assert len(np.unique(np.array(Image.open(out / 'labels/a/00.png')))) > 1
    record = json.loads((out / 'predictions.json').read_text())
    assert record['classes'] == META['classes']


def test_overlay(place: Place) -> None:
    """Half photograph, half the colour of the class."""
    photo = np.full((*SIZE, 3), 200, np.uint8)
    Image.fromarray(photo).save('photos/a/flat.png')
    out = predict()
    labels = np.array(Image.open(out / 'labels/a/flat.png'))
    overlay = np.array(Image.open(out / 'overlays/a/flat.jpg')).astype(float)
    expected = (200 + np.array(META['palette'])[labels]) / 2
    assert np.abs(overlay - expected).mean() < 8  # JPEG


def test_probabilities(place: Place) -> None:
    out = predict('--probabilities', '--no-overlays')
    assert not (out / 'overlays').exists()
    with np.load(out / 'probabilities/a/00.npz') as content:
        p = content['probabilities']
    assert p.shape == (4, *SIZE)
    assert p.dtype == np.float16
    np.testing.assert_allclose(p.sum(0, dtype=np.float32), 1, atol=4e-3)
    labels = np.array(Image.open(out / 'labels/a/00.png'))
    assert (p.argmax(0) == labels).mean() > 0.99  # ties in half precision


def test_mirror_image(place: Place) -> None:
    """The mean of both probabilities; a mirrored image has the mirrored prediction."""
    image = cv2.imread('photos/a/00.png')
    cv2.imwrite('photos/a/mirrored.png', image[:, ::-1])
    out = predict('--tta')
    one, other = (np.array(Image.open(out / f'labels/a/{n}.png')) for n in ('00', 'mirrored'))
    assert (one == other[:, ::-1]).mean() > 0.99
    plain = np.array(Image.open(predict(out='plain') / 'labels/a/00.png'))
    assert (one != plain).any()


def test_threshold_of_a_single_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The head's own threshold decides."""
    loss = dict(type='CrossEntropyLoss', use_sigmoid=True)
    head = head_cfg(num_classes=2, out_channels=1, threshold=0.5, loss_decode=loss)
    place = make_place(tmp_path, monkeypatch, photos=2, decode_head=head)
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        place.cfg[name].dataset.metainfo = dict(classes=['back', 'front'])
    place.write()
    out = predict('--probabilities')
    with np.load(out / 'probabilities/a/00.npz') as content:
        front = content['probabilities'][1].astype(float)
    labels = np.array(Image.open(out / 'labels/a/00.png'))
    clear = np.abs(front - 0.5) > 1e-3
    np.testing.assert_array_equal(labels[clear], (front > 0.5)[clear])
    assert 0 < labels.mean() < 1


def test_orientation(place: Place) -> None:
    """A photograph is read as viewers show it, and its label is in that frame."""
    image = Image.open('photos/a/00.png').convert('RGB')
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    image.save('photos/a/turned.jpg', exif=exif, quality=95)
    out = predict()
    assert Image.open(out / 'labels/a/turned.png').size == image.size[::-1]
    assert Image.open(out / 'overlays/a/turned.jpg').size == image.size[::-1]


def test_two_images_never_share_an_output(place: Place) -> None:
    """Names that differ only in the suffix, or in upper and lower case, keep it."""
    image = Image.open('photos/a/00.png').convert('RGB')
    image.save('photos/a/00.jpg')
    image.save('photos/a/X.png')
    image.save('photos/a/x.jpg')
    out = predict('--no-overlays')
    assert files(out / 'labels/a') == [
        '00.jpg.png', '00.png.png', '01.png', 'X.png.png', 'x.jpg.png',
    ]  # fmt: skip


def test_names() -> None:
    same = [Path('/x/day/1.png'), Path('/x/night/1.png')]
    assert names_of(same) == ['day/1', 'night/1']
    assert names_of(same[:1], Path('/x')) == ['day/1']
    both = 'the images a.png and a.png.bmp would both be written to a.png.png'
    with pytest.raises(ValueError, match=f'{both}; rename one of them'):
        names_of([Path('/x/a.png'), Path('/x/a.jpg'), Path('/x/a.png.bmp')])


def test_names_beside_a_folder_that_is_called_like_a_file() -> None:
    """``x.jpg`` beside ``x.png/``: its label must not be called like the folder."""
    images = [Path('/x/x.jpg'), Path('/x/X.png/0.png')]
    assert names_of(images) == ['x.jpg', 'X.png/0']
    with pytest.raises(ValueError, match='called like a folder of images'):
        names_of([*images, Path('/x/x.jpg.png/0.png')])


def test_resume(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Only what is missing is predicted; nothing is overwritten without it."""
    out = predict()
    with pytest.raises(SystemExit, match='never overwritten; go on with --resume'):
        predict()
    (out / 'overlays/a/01.jpg').unlink()
    before = (out / 'labels/a/00.png').stat().st_mtime_ns
    capsys.readouterr()
    predict('--resume')
    assert capsys.readouterr().out.startswith('1 image predicted in out, 3 were there already')
    assert (out / 'labels/a/00.png').stat().st_mtime_ns == before
    assert (out / 'overlays/a/01.jpg').is_file()
    with pytest.raises(SystemExit, match=r'other arguments \(tta: False there, True now\)'):
        predict('--resume', '--tta')


def other_images(place: Place) -> tuple[str, ...]:
    shutil.copytree('photos', 'others')
    return ('others',)


def replaced_checkpoint(place: Place) -> tuple[str, ...]:
    content = torch.load('model.pth', weights_only=True)
    content['state_dict']['decode_head.conv_seg.bias'] += 1
    torch.save(content, 'model.pth')
    return ('photos',)


def replaced_config(place: Place) -> tuple[str, ...]:
    place.cfg.model.data_preprocessor.mean = [1.0, 2.0, 3.0]
    place.write()
    return ('photos',)


def other_options(place: Place) -> tuple[str, ...]:
    return ('photos', '--cfg-options', 'model.data_preprocessor.bgr_to_rgb=False')


@pytest.mark.parametrize(
    ('change', 'name'),
    [
        (other_images, r'images: .*photos.* there, .*others.* now'),
        (replaced_checkpoint, r'contents of the checkpoint: \w{12} there, \w{12} now'),
        (replaced_config, r'contents of the config: \w{12} there, \w{12} now'),
        (other_options, r"options: \[\] there, \['model.*\] now"),
    ],
)
def test_resume_with_something_else(change: Callable, name: str, place: Place) -> None:
    out = predict()
    (out / 'labels/a/00.png').unlink()
    before = files(out)
    images, *options = change(place)
    with pytest.raises(SystemExit, match=rf'other arguments \({name}\); repeat those'):
        predict('--resume', *options, images=images)
    assert files(out) == before


def test_resume_from_a_copy_of_the_same_files(place: Place) -> None:
    """Their contents count, not how they are called."""
    predict()
    shutil.copy('model.pth', 'copy.pth')
    shutil.copy('config.py', 'copy.py')
    main(['predict', './copy.py', 'copy.pth', './photos/', '--out', 'out', '--resume'])


def test_resume_with_another_list(place: Place, capsys: pytest.CaptureFixture) -> None:
    """An output is of one image for good; what belongs to no image any more is told."""
    Path('list.txt').write_text('photos/a/00.png\nphotos/a/01.png\n')
    out = predict(images='list.txt')
    shutil.copy('photos/b/02.png', 'photos/b/00.png')
    Path('list.txt').write_text('photos/b/00.png\n')
    with pytest.raises(SystemExit, match=r'prediction 00 of the image .*/photos/a/00\.png, which'):
        predict('--resume', images='list.txt')
    Image.open('photos/a/00.png').convert('RGB').save('photos/a/00.jpg')
    Path('list.txt').write_text('photos/a/00.png\nphotos/a/01.png\nphotos/a/00.jpg\n')
    capsys.readouterr()
    predict('--resume', images='list.txt')
    shown = capsys.readouterr()
    assert shown.out.startswith('2 images predicted in out, 1 was there already')
    assert 'out holds 1 prediction of images that are not among these, such as 00; the' in shown.err
    assert files(out / 'labels') == ['00.jpg.png', '00.png', '00.png.png', '01.png']


def test_a_turned_tiff_and_a_name_that_is_not_utf8(place: Place) -> None:
    image = Image.open('photos/a/00.png').convert('RGB')
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save('photos/a/turned.tif', exif=exif.tobytes())
    name = os.fsdecode(b'caf\xe9')
    image.save(f'photos/a/{name}.png')
    out = predict()
    assert Image.open(out / 'labels/a/turned.png').size == image.size[::-1]
    assert Image.open(out / 'overlays/a/turned.jpg').size == image.size[::-1]
    assert (out / f'labels/a/{name}.png').read_bytes() == (out / 'labels/a/00.png').read_bytes()
    assert (out / f'overlays/a/{name}.jpg').is_file()
    predict('--resume')


def test_an_image_of_too_many_pixels(place: Place, capsys: pytest.CaptureFixture) -> None:
    write_huge(Path('photos/a/01.png'))
    with pytest.raises(SystemExit, match='1 of 4 images could not be predicted'):
        predict()
    assert 'left out: image photos/a/01.png has more than 178 mega' in capsys.readouterr().err


@pytest.mark.parametrize('out', ['config.py', 'config.py/x', '/proc/x/y'])
def test_a_folder_that_cannot_be_written(place: Place, out: str) -> None:
    with pytest.raises(SystemExit, match=f'error: --out: {out}') as end:
        predict(out=out)
    assert len(str(end.value).splitlines()) == 1


def test_weights_that_are_not_finite(place: Place) -> None:
    state = torch.load('model.pth', weights_only=True)
    state['state_dict']['decode_head.conv_seg.bias'][1] = torch.nan
    torch.save(state, 'model.pth')
    with pytest.raises(SystemExit, match=r'not finite in decode_head\.conv_seg\.bias; take an'):
        predict()
    assert not Path('out').exists()


def test_weights_on_a_server(place: Place) -> None:
    words = ['config.py', 'https://nowhere.invalid/model.pth', 'photos', '--out', 'out']
    with pytest.raises(SystemExit, match=r'model\.pth is not on this disk; download it first'):
        main(['predict', *words])


def test_stopped_by_the_keyboard(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """It says how to go on; the command line is quoted."""
    stop = MagicMock(side_effect=KeyboardInterrupt)
    words = ['predict', 'config.py', 'model.pth', 'photos', '--out', "it's"]
    monkeypatch.setattr(sys, 'argv', ['program', *words])
    with monkeypatch.context() as patch, pytest.raises(SystemExit) as end:
        patch.setattr('mmseg_maxsquare.adapt.predict_image.predict_one', stop)
        main(words)
    assert end.value.code == 130
    line = capsys.readouterr().err.splitlines()[-1].strip()
    assert shlex.split(line) == ['mmseg-maxsquare', *words, '--resume']
    main(shlex.split(line)[1:])
    assert len(files(Path("it's/labels"))) == 4


def test_a_damaged_image(place: Place, capsys: pytest.CaptureFixture) -> None:
    """It is named and left out, the others are predicted, and the exit status says so."""
    Path('photos/a/01.png').write_bytes(b'no image')
    with pytest.raises(SystemExit, match='1 of 4 images could not be predicted') as end:
        predict()
    assert end.value.code != 0
    assert 'left out: image photos/a/01.png cannot be read' in capsys.readouterr().err
    assert files(Path('out/labels')) == ['a/00.png', 'b/02.png', 'b/03.png']


@pytest.mark.parametrize(
    ('images', 'out', 'message'),
    [
        ('nowhere_else', 'out', 'nowhere_else: no such file or folder'),
        ('labels_only', 'out', 'labels_only: no image in this folder'),
        ('photos', 'photos', '--out: photos lies inside photos'),
        ('photos', 'photos/a/deep', 'lies inside photos'),
        ('photos', 'link/x', 'lies inside photos'),
        ('photos', 'labels', 'exists and holds no predictions'),
    ],
)
def test_refused(place: Place, images: str, out: str, message: str) -> None:
    Path('labels_only').mkdir()
    Path('link').symlink_to('photos')
    before = files(Path())
    with pytest.raises(SystemExit) as end:
        predict(images=images, out=out)
    assert str(end.value).startswith('error: ') and message in str(end.value)
    assert files(Path()) == before


def test_weights_of_another_model(place: Place) -> None:
    state = torch.load('model.pth', weights_only=True)
    state['state_dict'].pop('decode_head.conv_seg.bias')
    torch.save(state, 'model.pth')
    with pytest.raises(SystemExit, match=r'it lacks 1 of .*decode_head\.conv_seg\.bias'):
        predict()


def test_no_class_names(place: Place, capsys: pytest.CaptureFixture) -> None:
    """They are numbered, with a note."""
    for name in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        place.cfg[name].dataset.pop('metainfo')
    place.write()
    out = predict()
    assert json.loads((out / 'predictions.json').read_text())['classes'][1] == 'class 1'
    assert 'the classes are numbered' in capsys.readouterr().err


def test_one_image_and_a_list(place: Place) -> None:
    assert files(predict(images='photos/a/00.png', out='one') / 'labels') == ['00.png']
    Path('list.txt').write_text('photos/a/00.png\nphotos/b/02.png\n')
    assert files(predict(images='list.txt', out='list') / 'labels') == ['a/00.png', 'b/02.png']


def test_a_size_that_the_network_does_not_take(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """An image is named and left out, and the others are predicted."""
    inference = EncoderDecoder.inference

    def fragile(self: EncoderDecoder, inputs: torch.Tensor, metas: list) -> torch.Tensor:
        if inputs.shape[2:] == (40, 56):
            raise RuntimeError('sizes of tensors must match')
        return inference(self, inputs, metas)

    monkeypatch.setattr(EncoderDecoder, 'inference', fragile)
    del place.cfg.test_dataloader.dataset.pipeline[1]
    place.write()
    Image.open('photos/a/01.png').resize((56, 40)).save('photos/a/01.png')
    with pytest.raises(SystemExit, match='1 of 4 images could not be predicted'):
        predict()
    message = 'left out: image photos/a/01.png: the network fails at 56 x 40: sizes of tensors'
    assert message in capsys.readouterr().err
    assert files(Path('out/labels')) == ['a/00.png', 'b/02.png', 'b/03.png']


def test_a_pipeline_that_cannot_be_built(place: Place) -> None:
    place.cfg.test_dataloader.dataset.pipeline[1].type = 'MyResize'
    place.write()
    with pytest.raises(SystemExit, match='MyResize is not in the .*add its module to custom_imp'):
        predict()
    assert not Path('out').exists()


def test_predictions_are_no_photographs(place: Place) -> None:
    """Overlays of an earlier call do not become images of the next one."""
    predict(out='earlier')
    shutil.move('earlier', 'photos/earlier')
    predict()
    assert files(Path('out/labels')) == ['a/00.png', 'a/01.png', 'b/02.png', 'b/03.png']
