"""Which images a user's folder, file or list names."""

import os
from pathlib import Path

import numpy as np
import pytest

from mmseg_maxsquare.adapt.image_files import find_images
from mmseg_maxsquare.adapt.read_images import read_all

from tests.helpers.tiny_data import save_image


def touch(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b'')


def test_folder(tmp_path: Path) -> None:
    """Images of any case and depth, sorted; no hidden, system or other files."""
    touch(tmp_path, 'b/2.JPG', 'b/1.png', 'a.tiff', 'notes.txt', 'movie.mp4')
    touch(tmp_path, '.ipynb_checkpoints/a.png', '@eaDir/a.jpg', 'b/__MACOSX/._1.png', '._b.png')
    names = [str(path.relative_to(tmp_path)) for path in find_images(tmp_path)[0]]
    assert names == ['a.tiff', 'b/1.png', 'b/2.JPG']


def test_links_in_a_circle(tmp_path: Path) -> None:
    touch(tmp_path, 'a/1.png')
    (tmp_path / 'a/back').symlink_to(tmp_path)
    (tmp_path / 'other').symlink_to(tmp_path / 'a')
    assert len(find_images(tmp_path)[0]) == 1


def test_one_image(tmp_path: Path) -> None:
    touch(tmp_path, 'x.bmp')
    assert find_images(tmp_path / 'x.bmp') == ([tmp_path / 'x.bmp'], [])


def test_list(tmp_path: Path) -> None:
    """Relative to the list or absolute; order kept, each once."""
    touch(tmp_path, 'lists/b.png', 'a.png')
    lines = ['b.png', str(tmp_path / 'a.png'), '', 'b.png']
    (tmp_path / 'lists/images.txt').write_text('\n'.join(lines))
    found, _ = find_images(tmp_path / 'lists/images.txt')
    assert found == [tmp_path / 'lists/b.png', tmp_path / 'a.png']


def test_one_image_under_two_paths_of_a_list(tmp_path: Path) -> None:
    """Once, in the order of the list; a link is an image of its own."""
    touch(tmp_path, 'a/1.png', 'a/2.png')
    (tmp_path / 'a/3.png').symlink_to('1.png')
    (tmp_path / 'b').symlink_to('a')
    lines = ['a/1.png', 'a/2.png', '../{0}/a/1.png', 'b/2.png', 'a/3.png']
    text = '\n'.join(lines).format(tmp_path.name)
    (tmp_path / 'images.txt').write_text(text)
    names = [str(path.relative_to(tmp_path)) for path in find_images(tmp_path / 'images.txt')[0]]
    assert names == ['a/1.png', 'a/2.png', 'a/3.png']


def test_other_photographs_are_told(tmp_path: Path) -> None:
    """WebP is read; others are counted, and refused where there is nothing else."""
    touch(tmp_path, 'x/a.webp', 'x/1.HEIC', 'x/2.heic', 'x/b.gif', 'y/1.heic')
    paths, notes = find_images(tmp_path / 'x')
    assert paths == [tmp_path / 'x/a.webp']
    assert notes == [
        'left out: 1 .gif file; convert to JPEG or PNG',
        'left out: 2 .heic files; convert to JPEG or PNG',
    ]
    assert find_images(tmp_path / 'x/a.webp')[0] == paths
    with pytest.raises(ValueError, match=r'no image in this folder \(left out: 1 \.heic file'):
        find_images(tmp_path / 'y')
    with pytest.raises(ValueError, match=r'1\.HEIC: \.HEIC files are not read; convert it'):
        find_images(tmp_path / 'x/1.HEIC')


@pytest.mark.parametrize('name', [b'caf\xe9.png', b'a\nb.png', b' \r.png'])
def test_names_that_a_list_cannot_hold(name: bytes, tmp_path: Path) -> None:
    """They are found, and an adaptation names and leaves them out."""
    good, bad = tmp_path / 'a b é.png', tmp_path / os.fsdecode(name)
    for path in (good, bad):
        save_image(path, (6, 8), np.random.default_rng(0))
    found, _ = find_images(tmp_path)
    assert set(found) == {good, bad}
    read = read_all(found)
    assert read.paths == [good]
    (note,) = read.notes()
    assert note.endswith('.png: a list cannot hold this name; rename it in UTF-8, on one line')
    assert note.isascii() and len(note.splitlines()) == 1
    with pytest.raises(ValueError, match='none of 1 image can be read'):
        read_all([bad])


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'no such file or folder'),
        (b'a.png\n', 'lists 1 missing file, such as'),
        (b'', 'lists no image'),
        (b'\xff\xfe\x00', 'is not UTF-8 text'),
    ],
)
def test_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / 'images.txt'
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        find_images(path)
    assert str(path) in str(error.value)


def test_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='no image in this folder'):
        find_images(tmp_path)


def test_a_video(tmp_path: Path) -> None:
    (tmp_path / 'drive.MP4').write_bytes(b'\0\0')
    with pytest.raises(
        ValueError, match=r'videos are not read; .* "ffmpeg -i drive\.MP4 -vf fps=1'
    ):
        find_images(tmp_path / 'drive.MP4')
