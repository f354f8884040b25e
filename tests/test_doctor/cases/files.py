"""Faults of files and lists: damaged, missing, misplaced, twice there."""

import shutil
from pathlib import Path

from mmengine.config import Config

from .base import RNG, cut, fault
from tests.helpers.tiny_data import make_nthu, save_image


@fault('gta', 'error', 'gta5/images/00002.png', 'empty (0 bytes)')
def empty_image(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00002.png').write_bytes(b'')


@fault('gta', 'error', 'gta5/images/00003.png', 'truncated after')
def truncated_image(root: Path, cfg: Config) -> None:
    cut(root / 'gta5/images/00003.png')


@fault('nthu', 'error', 'Images/Train/pano_00001_2_180.jpg', 'truncated after')
def truncated_jpeg(root: Path, cfg: Config) -> None:
    cut(root / 'nthu/Rome/Images/Train/pano_00001_2_180.jpg')


@fault('gta', 'error', 'gta5/labels/00004.png', 'truncated after')
def truncated_label(root: Path, cfg: Config) -> None:
    cut(root / 'gta5/labels/00004.png')


@fault('gta', 'error', 'gta5/images/00001.png', 'wrong checksum')
def flipped_byte(root: Path, cfg: Config) -> None:
    path = root / 'gta5/images/00001.png'
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 255
    path.write_bytes(content)


@fault('gta', 'error', 'leftImg8bit/train/aachen', 'zero bytes')
def zeroed_target_image(root: Path, cfg: Config) -> None:
    path = next((root / 'city/leftImg8bit/train').rglob('*.png'))
    path.write_bytes(bytes(500))


@fault('gta', 'error', 'gta5/labels/00002.png', 'Git LFS pointer')
def lfs_pointer(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00002.png').write_text('version https://git-lfs.github.com/spec/v1\n')


@fault('folder', 'error', 'photos/a.png', 'cannot be decoded')
def text_as_image(root: Path, cfg: Config) -> None:
    (root / 'photos/a.png').write_text('no picture')


@fault('gta', 'error', 'gta5/labels/00005.png', 'does not exist', '00005.png')
def missing_label(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').unlink()


@fault('gta', 'error', 'gta5/labels/00005.png', 'there is', '00005.PNG')
def label_in_capitals(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').rename(root / 'gta5/labels/00005.PNG')


@fault('synthia', 'warning', 'GT/LABELS/0000001.png', 'there is no image 0000001')
def missing_image(root: Path, cfg: Config) -> None:
    (root / 'synthia/RGB/0000001.png').unlink()


@fault('gta', 'warning', 'gta5/labels/00003.png', 'there is no image 00003')
def missing_image_off_the_list(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00003.png').unlink()
    (root / 'list.txt').write_text('1\n2\n4\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'warning', 'gta5/labels/00003.png', 'no image 00003; there is', '00003.jpg')
def image_of_another_ending(root: Path, cfg: Config) -> None:
    (root / 'gta5/images/00003.png').rename(root / 'gta5/images/00003.jpg')


@fault('gta', 'warning', '_leftImg8bit.jpg', 'does not end in _leftImg8bit.png')
def target_image_of_another_ending(root: Path, cfg: Config) -> None:
    path = next((root / 'city/leftImg8bit/train').rglob('*.png'))
    path.rename(path.with_suffix('.jpg'))


@fault('gta', 'error', 'gta5/labels', 'none of the 8 label files')
def no_labels(root: Path, cfg: Config) -> None:
    shutil.rmtree(root / 'gta5/labels')
    (root / 'gta5/labels').mkdir()


@fault('gta', 'error', 'source.data_prefix.seg_map_path', 'no folder', 'Labels?')
def label_folder_elsewhere(root: Path, cfg: Config) -> None:
    (root / 'gta5/part').mkdir()
    (root / 'gta5/labels').rename(root / 'gta5/part/Labels')


@fault('gta', 'error', 'source.data_prefix.img_path', 'no folder', 'gta5/x/images?')
def nested_image_folder(root: Path, cfg: Config) -> None:
    (root / 'gta5/x').mkdir()
    (root / 'gta5/images').rename(root / 'gta5/x/images')


@fault('gta', 'error', 'gta5/images', 'no image ends in .png', '8 with .bmp')
def no_images(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/images').iterdir():
        path.rename(path.with_suffix('.bmp'))


@fault('gta', 'error', 'train_dataloader.dataset.source.data_root', 'no folder', 'nowhere')
def missing_data_root(root: Path, cfg: Config) -> None:
    cfg.train_dataloader.dataset.source.data_root = str(root / 'nowhere')


@fault('gta', 'error', 'list.txt:2', "has no image '99'")
def listed_image_missing(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n99\n00003.png\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'warning', 'gta5/images', '6 of the 24966 images', 'missing', '00003, 00006')
def pairs_missing(root: Path, cfg: Config) -> None:
    for name in ('00003.png', '00006.png'):
        (root / 'gta5/images' / name).unlink()
        (root / 'gta5/labels' / name).unlink()


@fault('gta', 'warning', 'gta5/images/00002.png', 'same content as', '00005.png')
def copied_image(root: Path, cfg: Config) -> None:
    shutil.copy(root / 'gta5/images/00002.png', root / 'gta5/images/00005.png')


@fault('gta', 'warning', 'val_dataloader.dataset', '1 of its 2 images are also in')
def copied_val_image(root: Path, cfg: Config) -> None:
    image = next((root / 'city/leftImg8bit/val').rglob('*.png'))
    shutil.copy(image, root / 'city/leftImg8bit/train/aachen/aachen_000009_000019_leftImg8bit.png')


@fault('camvid', 'error', 'train_dataloader.dataset.source', "no image of drives ['0016E5']")
def drive_missing(root: Path, cfg: Config) -> None:
    for path in (root / 'camvid/train').glob('0016E5*'):
        path.unlink()


@fault('gta', 'warning', 'gta5/images/00001.png', '2 times')
def listed_twice(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n00001.png\n')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'error', 'list.txt', 'is not UTF-8 text')
def list_in_utf16(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n', encoding='utf-16')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('gta', 'error', 'list.txt', 'is not UTF-8 text')
def list_in_utf16_without_mark(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('1\n2\n', encoding='utf-16-le')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('nthu', 'error', 'Rome/List/test.txt', 'is not UTF-8 text')
def nthu_list_in_utf16(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/List/test.txt').write_text('pano\n', encoding='utf-16')


@fault('nthu', 'error', 'Rome/List/test.txt', 'lists no image')
def nthu_list_that_is_empty(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/List/test.txt').write_text('\n')


@fault('gta', 'error', 'list.txt', 'lists no image')
def list_that_is_empty(root: Path, cfg: Config) -> None:
    (root / 'list.txt').write_text('')
    cfg.train_dataloader.dataset.source.ann_file = str(root / 'list.txt')


@fault('nthu', 'error', 'pano_00100_2_180.png', 'differs from', '.jpg only in the suffix')
def images_that_share_a_label(root: Path, cfg: Config) -> None:
    save_image(root / 'nthu/Rome/Images/Test/pano_00100_2_180.jpg', (24, 32), RNG)


@fault('nthu', 'error', 'target.data_prefix.img_path', 'no folder', 'nthu/rome/Images/Train?')
def city_in_small_letters(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome').rename(root / 'nthu/rome')
    make_nthu(root / 'nthu', ['Taipei'])


@fault('gta', 'error', 'gta5/labels/00005.png', 'is a link to nowhere.png, which does not exist')
def label_that_is_a_broken_link(root: Path, cfg: Config) -> None:
    (root / 'gta5/labels/00005.png').unlink()
    (root / 'gta5/labels/00005.png').symlink_to('nowhere.png')


@fault('gta', 'error', 'gta5/labels', 'none of the 8 label files', 'which is a link to ../gone')
def labels_that_are_broken_links(root: Path, cfg: Config) -> None:
    for path in (root / 'gta5/labels').iterdir():
        path.unlink()
        path.symlink_to(f'../gone/{path.name}')


@fault('nthu', 'note', 'List/train.txt', 'leaves out 1 of the 3 images')
def unlisted_image(root: Path, cfg: Config) -> None:
    path = root / 'nthu/Rome/List/train.txt'
    path.write_text(''.join(path.read_text().splitlines(keepends=True)[1:]))


@fault('nthu', 'error', 'List/test.txt:1', 'has no image')
def nthu_image_missing(root: Path, cfg: Config) -> None:
    (root / 'nthu/Rome/Images/Test/pano_00100_2_180.png').unlink()


@fault('folder', 'error', 'frankfurt_000001_000019_gtFine_labelTrainIds.png', 'does not exist')
def missing_label_of_a_stock_data_set(root: Path, cfg: Config) -> None:
    path = root / 'city/gtFine/val/frankfurt/frankfurt_000001_000019_gtFine_labelTrainIds.png'
    path.unlink()
