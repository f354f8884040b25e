"""The command ``predict``: its files, and what it refuses."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmseg.apis import inference_model, init_model
from PIL import Image

from mmseg_maxsquare.adapt.outputs import names_of
from mmseg_maxsquare.cli.main import main

from .place import META, SIZE, Place, make_place
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
    with pytest.raises(ValueError, match='rename one of them'):
        names_of([Path('/x/a.png'), Path('/x/a.jpg'), Path('/x/a.png.bmp')])


def test_resume(place: Place, capsys: pytest.CaptureFixture) -> None:
    """Only what is missing is predicted; nothing is overwritten without it."""
    out = predict()
    with pytest.raises(SystemExit, match='never overwritten; go on with --resume'):
        predict()
    (out / 'overlays/a/01.jpg').unlink()
    before = (out / 'labels/a/00.png').stat().st_mtime_ns
    capsys.readouterr()
    predict('--resume')
    assert capsys.readouterr().out.startswith('1 images predicted in out, 3 were there already')
    assert (out / 'labels/a/00.png').stat().st_mtime_ns == before
    assert (out / 'overlays/a/01.jpg').is_file()
    with pytest.raises(SystemExit, match='with another tta'):
        predict('--resume', '--tta')


def test_a_damaged_image(place: Place, capsys: pytest.CaptureFixture) -> None:
    """It is named and left out, the others are predicted, and the exit status says so."""
    Path('photos/a/01.png').write_bytes(b'no image')
    with pytest.raises(SystemExit, match='1 of 4 images could not be read') as end:
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
