"""The items of a data set, and the listed images that do not exist."""

import os
import tempfile
from collections.abc import Container

from mmseg_maxsquare.data_files import list_files, read_list
from mmseg_maxsquare.datasets import Office31Dataset
from mmseg_maxsquare.datasets.image_folder import ImageFolderDataset
from mmseg_maxsquare.datasets.label_ids import LabelIdDataset
from mmseg_maxsquare.datasets.photographs import IMAGE_SUFFIXES
from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.errors import fact_and_remedy, some

# These classes read files with any common image suffix.
ANY_ENDING = (ImageFolderDataset, Office31Dataset)
REMEDY = 'complete the copy, or correct the fields of this data set'


def read_items(domain: Domain) -> list[dict]:
    """Paths and label table of every image that the data set would read.

    Problems that would make the data set reject all files (missing listed images or
    labels) are skipped here, so that the other files can be checked.
    """
    dataset = domain.built
    _check_list(domain)
    try:
        items = dataset.load_data_list()
    except Exception as refusal:  # of any data set
        items = _without_the_missing(domain, refusal)
    if items and getattr(dataset, 'ann_file', ''):
        _note_unlisted(domain, items)
    return items


def endings_of(domain: Domain) -> tuple[str, ...]:
    """Suffixes of the images that the data set reads."""
    if isinstance(domain.dataset, ANY_ENDING):
        return IMAGE_SUFFIXES
    suffix = getattr(domain.dataset, 'img_suffix', '')
    return (suffix,) if isinstance(suffix, str) else tuple(suffix)


def reads(domain: Domain, name: str) -> bool:
    """Whether the data set reads a file of this name."""
    either_case = isinstance(domain.dataset, ANY_ENDING)
    return (name.lower() if either_case else name).endswith(endings_of(domain))


def stem_of(name: str, endings: tuple[str, ...]) -> str:
    """Name without its suffix."""
    return next((name.removesuffix(e) for e in endings if name.endswith(e)), name)


def continues(stem: str, stems: Container[str]) -> bool:
    """Whether a name is that of an image and more, such as ``00001_labelTrainIds``."""
    ends = (i for i in range(1, len(stem)) if not stem[i].isalnum())
    return any(stem[:end] in stems for end in ends)


def _check_list(domain: Domain) -> None:
    """Report a missing or unreadable list; the check then continues without it."""
    path = getattr(domain.dataset, 'ann_file', '')
    if not path or os.path.isdir(path):
        return
    try:
        read_list(path)
        what = ''
    except ValueError as error:
        what = str(error)
    except OSError as error:
        what = f'cannot be read: {error.strerror}'
    if what:
        domain.add(
            'error',
            'list of images',
            path,
            f'{what}; all images of the folder are checked instead',
            f'write one image name per line, or correct {domain.field}.ann_file',
        )
        domain.built.ann_file = ''


def _without_the_missing(domain: Domain, refusal: Exception) -> list[dict]:
    """The items without those whose label, or listed image, is missing."""
    dataset = domain.dataset
    before = len(domain.findings)
    if not isinstance(dataset, LabelIdDataset):
        return _refused(domain, refusal)
    dataset.reads_labels = dataset.refuses_twins = False
    _note_twins(domain)
    whole_list = dataset.ann_file
    try:
        if not whole_list:
            return dataset.load_data_list()
        with tempfile.NamedTemporaryFile('w', suffix='.txt', encoding='utf-8') as stream:
            stream.writelines(f'{line}\n' for line in _present_lines(domain))
            stream.flush()
            dataset.ann_file = stream.name
            return dataset.load_data_list()
    except Exception as error:  # there is another problem, too
        return [] if len(domain.findings) > before else _refused(domain, error)
    finally:
        dataset.ann_file = whole_list


def _refused(domain: Domain, error: Exception) -> list[dict]:
    folder = domain.prefix('img_path')
    if folder and not any(reads(domain, name) for name in list_files(folder, '')):
        return []  # no images at all: the caller reports what is there instead
    domain.add('error', 'files cannot be listed', domain.field, *fact_and_remedy(error, REMEDY))
    return []


def _note_twins(domain: Domain) -> None:
    """Images that share a label with another, such as a.jpg and a.png."""
    folder = domain.prefix('img_path')
    if not folder:
        return
    for one, other in domain.built.twins(list_files(folder, endings_of(domain))):
        domain.add(
            'error',
            'images that share a label',
            os.path.join(folder, other),
            f'differs from {os.path.join(folder, one)} only in the suffix',
            'remove one of them: both would be used, with the same label',
        )


def _present_lines(domain: Domain) -> list[str]:
    """Lines of the list whose image exists; the others become findings."""
    dataset = domain.built
    folder = domain.prefix('img_path') or ''
    lines = read_list(dataset.ann_file)
    named = [(number, line) for number, line in enumerate(lines, 1) if line]
    found = dataset.find_listed([line for _, line in named], list_files(folder, endings_of(domain)))
    kept = []
    for (number, line), name in zip(named, found, strict=True):
        if name is not None:
            kept.append(line)
            continue
        domain.add(
            'error',
            'listed images missing',
            f'{dataset.ann_file}:{number}',
            f'{folder} has no image {line!r}',
            'complete the folder, or take these lines off the list',
        )
    return kept


def _note_unlisted(domain: Domain, items: list[dict]) -> None:
    """Images of the folder that are not in the list."""
    folder = domain.prefix('img_path')
    if not folder or not os.path.isdir(folder):
        return
    listed = {os.path.normpath(item['img_path']) for item in items}
    names = list_files(folder, endings_of(domain))
    paths = [os.path.normpath(os.path.join(folder, name)) for name in names]
    others = [path for path in paths if path not in listed]
    if others:
        what = f'leaves out {len(others)} of the {len(paths)} images in {folder}: {some(others, 3)}'
        domain.add('note', 'unlisted images', domain.built.ann_file, what)
