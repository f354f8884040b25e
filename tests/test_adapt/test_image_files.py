"""Which images a user's folder, file or list names."""

from pathlib import Path

import pytest

from mmseg_maxsquare.adapt.image_files import find_images


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


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (None, 'no such file or folder'),
        (b'a.png\n', 'lists 1 files that do not exist'),
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
