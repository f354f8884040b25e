"""Faults of folders and files."""

import shutil
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from .base import CASES, SOURCE, Place, fault, fields
from tests.helpers.tiny_data import save_image, save_label, train_pipeline, write_huge

SIZE = (24, 32)
RNG = np.random.default_rng(0)


def write_list(here: Place, content: bytes) -> None:
    """A list of the source's images."""
    (here.root / 'gta5/list.txt').write_bytes(content)
    here.cfg.train_dataloader.dataset.source.ann_file = 'list.txt'


fields(
    '<field>.data_root: no folder <folder>; put the data set there, set the environment variable '
    'MMSEG_MAXSQUARE_DATA to the folder above, or use --cfg-options <field>.data_root=PATH',
    no_source_folder={f'{SOURCE}.data_root': '/nowhere'},
    no_val_folder={'val_dataloader.dataset.data_root': '/nowhere'},
)


@fault('<data set>: image folder <folder> not found; expected <files> below data_root (<folder>)')
def no_image_folder(here: Place) -> None:
    shutil.rmtree(here.root / 'gta5/images')


fields(
    '<data set>: data_prefix.img_path is missing, data_prefix holds only <keys>; give it together '
    'with these; expected <files> below data_root (<folder>)',
    half_of_data_prefix={f'{SOURCE}.data_prefix': dict(seg_map_path='labels')},
)
fields(
    '<data set>: the pipeline reads labels, but data_prefix has no seg_map_path',
    other_half_of_data_prefix={f'{SOURCE}.data_prefix': dict(img_path='images')},
)


@fault('<data set>: no <endings> images in <folder>; expected <files> below data_root (<folder>)')
def no_target_images(here: Place) -> None:
    for path in (here.root / 'city/leftImg8bit/train').rglob('*.png'):
        path.unlink()


@fault('ImageFolderDataset: no images in <folder>: <finding>; put them there, or correct data_root')
def empty_image_folder(here: Place) -> None:
    (here.root / 'photos').mkdir()
    target = dict(type='ImageFolderDataset', data_root=str(here.root / 'photos'))
    pipeline = train_pipeline(labels=False)
    here.cfg.train_dataloader.dataset.target = dict(target, pipeline=pipeline)


@fault(
    'the <domain> data set (<type>, images in <folder>) is empty; check its data_root, '
    'data_prefix and img_suffix'
)
def no_images_for_stock_class(here: Place) -> None:
    no_target_images(here)
    here.cfg.train_dataloader.dataset.target.update(
        type='CityscapesDataset', data_prefix=dict(img_path='leftImg8bit/train')
    )


@fault(
    '<data set>: <n> of <n> images have no label file: <files>; complete the copy, or list the '
    'images to use in an ann_file; expected <files> below data_root (<folder>)'
)
def missing_label(here: Place) -> None:
    here.label.unlink()


@fault(
    '<data set>: <list> lists <n> images that <folder> lacks: <files>; complete the folder or '
    'take them off the list'
)
def listed_but_missing(here: Place) -> None:
    write_list(here, b'00001\n00009\n')


fields(
    '<data set>: no list of images <list>; correct ann_file',
    no_list={f'{SOURCE}.ann_file': 'list.txt'},
)


@fault('<data set>: <list> lists no image; write one image name per line, or correct ann_file')
def empty_list(here: Place) -> None:
    write_list(here, b'\n\n')


@fault('<data set>: <list> is not UTF-8 text; write one image name per line, or correct ann_file')
def list_in_utf16(here: Place) -> None:
    write_list(here, '00001\n00002\n'.encode('utf-16'))


@fault(CASES['list_in_utf16'].message)
def list_that_is_an_image(here: Place) -> None:
    write_list(here, here.image.read_bytes())


@fault(
    '<data set>: <n> images in <folder> differ from another only in the suffix and would share its '
    'label: <files>; remove one of them'
)
def images_that_share_a_label(here: Place) -> None:
    here.cfg.train_dataloader.dataset.source.img_suffix = ['.png', '.jpg']
    shutil.copy(here.image, here.image.with_suffix('.jpg'))


@fault(
    'image <file> cannot be read (<n> bytes): it is damaged, truncated or not an image; copy it '
    'again'
)
def truncated_image(here: Place) -> None:
    here.image.write_bytes(here.image.read_bytes()[:500])


@fault(CASES['truncated_image'].message)
def corrupt_image_in_a_worker(here: Place) -> None:
    here.cfg.train_dataloader.num_workers = 1
    here.image.write_bytes(b'\x89PNG\r\n\x1a\n and nothing else')


@fault(CASES['truncated_image'].message)
def first_image_is_corrupt(here: Place) -> None:
    (here.root / 'gta5/images/00001.png').write_bytes(b'no image')


@fault('image <file> cannot be read: <reason>; see its permissions, and the disk')
def unreadable_image(here: Place) -> None:
    here.image.unlink()
    here.image.symlink_to(here.image)  # root may read everything else


@fault('image <file> not found; copy it again')
def vanished_image(here: Place) -> None:
    here.image.unlink()
    here.image.symlink_to('nothing')  # which is listed


@fault(CASES['vanished_image'].message)
def vanished_image_in_a_worker(here: Place) -> None:
    here.cfg.train_dataloader.num_workers = 1
    vanished_image(here)


@fault(
    'image <file> is <kind>, expected 8-bit colour; convert it to 8-bit RGB, with the brightness '
    'that your camera needs'
)
def image_of_16_bits(here: Place) -> None:
    cv2.imwrite(str(here.image), np.full((*SIZE, 3), 4095, np.uint16))


@fault('image <file> has more than <n> megapixels; cut it into smaller images')
def huge_image(here: Place) -> None:
    write_huge(here.image)


@fault(
    'image <file> is a label file, expected a photograph; are img_path and seg_map_path exchanged, '
    'or do labels lie beside the photographs? Take them out, or list the images to use in an '
    'ann_file'
)
def label_among_the_images(here: Place) -> None:
    ids = np.zeros((24, 32), np.uint8)
    ids[5:20, 8:30] = 7
    save_label(here.image, ids)


@fault(
    'label file <file> has size <size> (height, width), its image <size> as EXIF orientation <n> '
    "shows it; the label is drawn on the image as it is stored: set orientation='stored' of the "
    'data set, or turn the label'
)
def label_of_the_stored_image(here: Place) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(here.image) as image:
        image.save(here.image, exif=exif)


@fault(
    'label file <file> has size <size> (height, width), its image <size> as it is stored; the '
    "label is drawn on the image as EXIF orientation <n> shows it: set orientation='shown' of the "
    'data set, or turn the label'
)
def label_of_the_shown_image(here: Place) -> None:
    here.cfg.train_dataloader.dataset.source.orientation = 'stored'
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(here.image) as image:
        image.transpose(Image.Transpose.ROTATE_90).save(here.image, exif=exif)


@fault(
    '<data set>.pipeline: gives images of <size> (height, width), which are too small: a batch '
    'norm gets one value of each channel; leave such images out, or resize them'
)
def image_of_one_pixel(here: Place) -> None:
    save_image(here.image, (1, 1), RNG)
    save_label(here.label, np.full((1, 1), 7, np.uint8))


@fault(
    '<data set>.pipeline: fails on <file>: <reason>; correct the steps of this pipeline, or this '
    'file'
)
def truncated_image_for_stock_class(here: Place) -> None:
    """Of a size of its own: mmseg's loader gives no image, and names it in its own words."""
    two_classes(here, 1)
    truncated_image_of_a_size_of_its_own(here)
    save_label(here.label, np.zeros((240, 320), np.uint8))


@fault(
    '<data set>: <argument>=<value>: <remedy>; correct the fields of this data set',
)
def argument_that_is_not_read(here: Place) -> None:
    here.cfg.train_dataloader.dataset.source.filter_cfg = dict(min_size=32)


@fault(
    '<loader>.batch_size: <n>, but the pipeline gives images of several sizes (height, width), '
    '<sizes>, which do not fit in one batch; crop or resize the images of <data set> to one size, '
    'or set <loader>.batch_size=1'
)
def target_images_of_two_sizes(here: Place) -> None:
    """As in every stock config, whose preprocessor pads to the size of the crop."""
    save_image(next((here.root / 'city/leftImg8bit/train').rglob('*.png')), (60, 90), RNG)
    here.cfg.train_dataloader.batch_size = 2
    here.cfg.model.data_preprocessor.size = (24, 32)


@fault(
    'val_dataloader.batch_size: <n>, but the pipeline gives images of several sizes (height, '
    'width), <sizes>, which do not fit in one batch; set val_dataloader.batch_size=1'
)
def one_larger_validation_image(here: Place) -> None:
    here.cfg.val_dataloader.batch_size = 2
    for pipeline in (here.cfg.val_dataloader.dataset.pipeline,):
        pipeline[:] = [step for step in pipeline if step['type'] not in ('Resize', 'RandomCrop')]
    image = max((here.root / 'city/leftImg8bit/val').rglob('*.png'))
    save_image(image, (60, 90), RNG)
    label = Path(str(image).replace('leftImg8bit', 'gtFine', 1))
    save_label(
        label.with_name(label.name.replace('leftImg8bit', 'gtFine_labelIds')),
        np.full((60, 90), 7, np.uint8),
    )


@fault(
    '<loader>.dataset: the <n> label files that were read hold the values 0 and 255, and 255 is '
    'ignored: no pixel would be <class>; did you mean 0 and 1?; replace 255 by 1 in the label files'
)
def masks_of_0_and_255(here: Place) -> None:
    two_classes(here, 255)


@fault(
    '<loader>.dataset: label file <file> holds the values <values>; classes are 0 to <n>, and 255 '
    'is ignored; correct the label files, or the classes of the data set'
)
def masks_of_0_and_100(here: Place) -> None:
    """Which mmseg's own loader accepts."""
    two_classes(here, 100)


STOCK_LABEL = (
    '<loader>.dataset: <file> <finding>; correct it, or leave the pair out with a list of names as '
    'ann_file'
)


@fault(STOCK_LABEL)
def label_of_another_size_for_stock_class(here: Place) -> None:
    two_classes(here, 1)
    save_label(here.label, np.zeros((12, 16), np.uint8))


@fault(STOCK_LABEL)
def coloured_label_for_stock_class(here: Place) -> None:
    two_classes(here, 1)
    coloured_label(here)


@fault(STOCK_LABEL)
def empty_label_for_stock_class(here: Place) -> None:
    two_classes(here, 1)
    here.label.write_bytes(b'')


@fault(
    '<loader>.dataset: all pixels of the <n> label files that were read are ignored; take labels '
    'that have the classes of the data set'
)
def labels_without_classes(here: Place) -> None:
    for path in (here.root / 'gta5/labels').iterdir():
        save_label(path, np.zeros(SIZE, np.uint8))


@fault(CASES['masks_of_0_and_255'].message)
def masks_of_0_and_255_with_a_table(here: Place) -> None:
    two_classes(here, 255)
    source = here.cfg.train_dataloader.dataset.source
    source.type = 'LabelledFolderDataset'


@fault(CASES['truncated_image'].message)
def truncated_image_of_a_size_of_its_own(here: Place) -> None:
    """Which is read before the training."""
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    Image.fromarray(image).save(here.image)
    truncated_image(here)


def two_classes(here: Place, foreground: int) -> None:
    """Background and foreground, read by mmseg's own data set."""
    for i, path in enumerate(sorted((here.root / 'gta5/labels').iterdir())):
        ids = np.zeros(SIZE, np.uint8)
        ids[2:9, : i + 3] = foreground
        save_label(path, ids)
    classes = dict(classes=('background', 'road'), palette=[[0, 0, 0], [9, 9, 9]])
    data = here.cfg.train_dataloader.dataset
    data.source = dict(
        type='BaseSegDataset',
        data_root=data.source.data_root,
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        img_suffix='.png',
        metainfo=classes,
        pipeline=data.source.pipeline,
    )
    folder = dict(type='ImageFolderDataset', data_root=str(here.root / 'city/leftImg8bit/train'))
    data.target = dict(folder, pipeline=data.target.pipeline)
    for head in (here.cfg.model.decode_head, here.cfg.model.auxiliary_head):
        head.num_classes = 2
    for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        here.cfg.pop(name)


@fault('label file <file> not found (of image <file>); copy it again')
def vanished_label(here: Place) -> None:
    here.label.unlink()
    here.label.symlink_to('nothing')


@fault(
    'label file <file> has size <size> (height, width), its image <size>; replace one of them, '
    'or leave the pair out with a list of names as ann_file'
)
def label_of_another_size(here: Place) -> None:
    save_label(here.label, np.full((20, 32), 7, np.uint8))


@fault(CASES['label_of_another_size'].message)
def first_val_label_of_another_size(here: Place) -> None:
    folder = here.root / 'city/gtFine/val/frankfurt'
    save_label(min(folder.iterdir()), np.full((20, 32), 7, np.uint8))


@fault('label file <file> is not a readable image (<n> bytes): <reason>; copy it again')
def truncated_label(here: Place) -> None:
    here.label.write_bytes(here.label.read_bytes()[:100])


@fault('label file <file> must be <kind>, got <kind>; take the original label files')
def coloured_label(here: Place) -> None:
    with Image.open(here.label) as image:
        image.convert('RGB').save(here.label)


@fault(
    'label file <file> holds unknown ids <ids>; known are <ids>; take the original label files, '
    'or a data set class whose table fits'
)
def unknown_ids(here: Place) -> None:
    save_label(here.label, np.full(SIZE, 77, np.uint8))


@fault(CASES['masks_of_0_and_100'].message)
def masks_of_16_bits(here: Place) -> None:
    """Which mmseg's own loader cuts to 8 bits: 256 would become class 0."""
    two_classes(here, 1)
    for path in (here.root / 'gta5/labels').iterdir():
        Image.fromarray(np.array(Image.open(path)).astype(np.uint16) * 256).save(path)
