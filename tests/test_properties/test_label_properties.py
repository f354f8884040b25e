"""Label files of random ids: decoded as the table says, or refused by name."""

import ast
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mmseg_maxsquare.datasets import CamVidDataset
from mmseg_maxsquare.datasets.loading import look_up

from .property_cases import REPRODUCIBLE, SEEDS
from tests.helpers.tiny_data import (
    CLASSES_19,
    FORMATS,
    LABEL_ID_TABLE,
    SYNTHIA_TABLE,
    TRAIN_IDS,
    build_dataset,
    label_of,
    make_synthia,
)

IGNORED = 255
CAMVID = CamVidDataset.METAINFO['classes']
TRAIN_ID_TABLE = {i: i for i in range(19)}


class Kind(NamedTuple):
    """A data set and what its label files may hold.

    Attributes:
        cfg: Config of its class.
        image: An image, and...
        label: its label.
        names: Class of every id that has one.
        known: All ids that a file may hold.
        classes: Its own classes.
    """

    cfg: dict
    image: str
    label: str
    names: dict[int, str]
    known: tuple[int, ...]
    classes: Sequence[str]

    def train_ids(self, classes: Sequence[str]) -> dict[int, int]:
        """Index among some classes of every known id."""
        return {
            label: classes.index(self.names[label]) if self.names.get(label) in classes else 255
            for label in self.known
        }


def kind_of(name: str) -> Kind:
    """The kinds of tiny_data, and SYNTHIA."""
    if name == 'synthia':
        cfg = dict(type='SYNTHIADataset')
        files = 'RGB/0000000.png', 'GT/LABELS/0000000.png'
        table, known, number = SYNTHIA_TABLE, tuple(range(23)), 16
    else:
        _, cfg, *files, _ = FORMATS[name]
        table, known, number = LABEL_ID_TABLE, (*range(35), IGNORED), 13 if name == 'nthu' else 19
    if name == 'cityscapes labelTrainIds':
        table, known = TRAIN_ID_TABLE, (*range(19), IGNORED)
    if name == 'camvid':
        names, known, classes = dict(enumerate(CAMVID)), (*range(12), IGNORED), CAMVID
    else:
        classes = tuple(CLASSES_19[i] for i in TRAIN_IDS[number])
        names = {label: CLASSES_19[train] for label, train in table.items()}
    if name == 'nthu':  # annotated with 13 classes, whatever is asked for
        names = {label: name for label, name in names.items() if name in classes}
    return Kind(cfg, *files, names, known, classes)


KINDS = {name: kind_of(name) for name in (*FORMATS, 'synthia')}
EVERY_KIND = pytest.mark.parametrize('name', KINDS)


@pytest.fixture(scope='module')
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder with each kind."""
    folders = {name: tmp_path_factory.mktemp(name.replace(' ', '_')) for name in KINDS}
    for name, folder in folders.items():
        make_synthia(folder) if name == 'synthia' else FORMATS[name].make(folder)
    return folders


@st.composite
def labels(draw: st.DrawFn, kind: Kind) -> np.ndarray:
    """Ids ``(H, W)``, all known in half of the cases; else with a few of any value."""
    deep = kind.cfg['type'] == 'SYNTHIADataset'
    size = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    rng = np.random.default_rng(draw(SEEDS))
    ids = rng.choice(draw(st.lists(st.sampled_from(kind.known), min_size=1)), size)
    if draw(st.booleans()):
        values = st.integers(0, 65535 if deep else 255)
        if deep:  # also such as a table of 8 bits would take for known
            values |= st.builds(
                lambda low, high: low + 256 * high,
                st.sampled_from(kind.known),
                st.integers(1, 255),
            )
        some = draw(st.lists(values, min_size=1, max_size=12))
        count = min(ids.size, int(rng.integers(1, 2 + len(some))))
        ids.flat[rng.permutation(ids.size)[:count]] = rng.choice(some, count)
    return ids.astype(np.uint16 if deep else np.uint8)


def write(root: Path, kind: Kind, ids: np.ndarray, rng: np.random.Generator) -> str:
    """Put an image and its label file in place; the other channels are noise."""
    height, width = ids.shape
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert cv2.imwrite(str(root / kind.image), image)
    path = str(root / kind.label)
    if ids.dtype == np.uint16:
        channels = rng.integers(0, 65536, (height, width, int(rng.integers(3, 5))), np.uint16)
        channels[..., 2] = ids  # OpenCV writes blue, green, red
        assert cv2.imwrite(path, channels)
    else:
        label = Image.fromarray(ids)
        if rng.random() < 0.5:  # as few colours as will do: 1, 2, 4 or 8 bits a pixel
            label.putpalette(rng.integers(0, 256, 3 * (int(ids.max()) + 1), np.uint8).tobytes())
        label.save(path)
    return path


def check(
    ids: np.ndarray, table: dict[int, int], path: str, decode: Callable[[], np.ndarray]
) -> None:
    """Decoded pixel by pixel, or an error with the file and unknown ids of it."""
    unknown = {int(i) for i in ids.flat if int(i) not in table}
    if not unknown:
        decoded = decode()
        assert decoded.shape == ids.shape
        assert decoded.tolist() == [[table[int(i)] for i in row] for row in ids]
        return
    with pytest.raises(ValueError) as error:
        decode()
    message = str(error.value)
    assert f'label file {path} ' in message
    named = ast.literal_eval(re.search(r'unknown ids (\[.*?\])', message)[1])
    assert named == sorted(unknown)[:10]
    known = ast.literal_eval(re.search(r'known are (\[.*?\])', message)[1])
    assert known == sorted(table)


@EVERY_KIND
@REPRODUCIBLE
@given(data=st.data(), seed=SEEDS)
def test_a_file_is_decoded_if_and_only_if_all_ids_are_known(
    roots: dict[str, Path], name: str, data: st.DataObject, seed: int
) -> None:
    """With the data set's own classes, from a file of random size, palette and noise."""
    kind, root = KINDS[name], roots[name]
    ids = data.draw(labels(kind))
    path = write(root, kind, ids, np.random.default_rng(seed))
    dataset = build_dataset(root, kind.cfg)
    assert dataset.metainfo['classes'] == kind.classes
    table = kind.train_ids(kind.classes)
    check(ids, table, path, lambda: label_of(dataset))


@EVERY_KIND
@REPRODUCIBLE
@given(data=st.data(), seed=SEEDS, as_list=st.booleans())
def test_any_classes_in_any_order(
    roots: dict[str, Path], name: str, data: st.DataObject, seed: int, as_list: bool
) -> None:
    """Ids take their place in the list, the others are ignored; colours go with their class.

    Data sets of Cityscapes' classes take any of the 19, some of which NTHU never shows.
    """
    kind, root = KINDS[name], roots[name]
    every = CAMVID if name == 'camvid' else CLASSES_19
    order = data.draw(st.permutations(every))
    classes = order[: data.draw(st.integers(1, len(every)))]
    ids = data.draw(labels(kind))
    path = write(root, kind, ids, np.random.default_rng(seed))
    meta = dict(classes=classes if as_list else tuple(classes))
    dataset = build_dataset(root, kind.cfg, metainfo=meta)
    assert list(dataset.metainfo['classes']) == classes
    colours = dict(zip(every, full_palette(name), strict=True))
    assert dataset.metainfo['palette'] == [colours[name] for name in classes]
    check(ids, kind.train_ids(classes), path, lambda: label_of(dataset))


@pytest.mark.parametrize('name', [name for name in KINDS if name != 'camvid'])
@pytest.mark.parametrize('number', TRAIN_IDS)
def test_every_known_id_of_the_class_sets(roots: dict[str, Path], name: str, number: int) -> None:
    """num_classes: all known ids in one file, against the table."""
    kind, root = KINDS[name], roots[name]
    dtype = np.uint16 if name == 'synthia' else np.uint8
    ids = np.array([kind.known], dtype)
    path = write(root, kind, ids, np.random.default_rng(0))
    dataset = build_dataset(root, kind.cfg, num_classes=number)
    classes = tuple(CLASSES_19[i] for i in TRAIN_IDS[number])
    table = kind.train_ids(classes)
    check(ids, table, path, lambda: label_of(dataset))
    assert set(table.values()) - {IGNORED} == {
        classes.index(name) for name in classes if name in kind.names.values()
    }


@REPRODUCIBLE
@given(
    st.dictionaries(st.integers(0, 255), st.integers(0, 253) | st.just(IGNORED), min_size=1),
    st.sampled_from([np.uint8, np.uint16]),
    st.lists(st.integers(0, 65535), max_size=2),
    st.booleans(),
    SEEDS,
)
def test_look_up_is_a_dictionary(
    table: dict[int, int], dtype: type, wild: list[int], transposed: bool, seed: int
) -> None:
    """Any table of 8-bit ids, any image of 8 or 16 bits, in any memory layout."""
    rng = np.random.default_rng(seed)
    pool = [*table, *([i % 256 if dtype == np.uint8 else i for i in wild])]
    ids = rng.choice(pool, rng.integers(1, 9, 2)).astype(dtype)
    if transposed:
        ids = ids.T
    before = ids.copy()

    def decode() -> np.ndarray:
        decoded = look_up(ids, table, 'some/file.png')
        assert decoded.dtype == np.uint8
        return decoded

    check(ids, table, 'some/file.png', decode)
    assert (ids == before).all()


@EVERY_KIND
@REPRODUCIBLE
@given(data=st.data(), seed=SEEDS, share=st.floats(0, 0.999))
def test_a_file_that_is_cut_off_is_refused_by_name(
    roots: dict[str, Path], name: str, data: st.DataObject, seed: int, share: float
) -> None:
    """Wherever it ends before its last chunk: never decoded to other ids."""
    kind, root = KINDS[name], roots[name]
    rng = np.random.default_rng(seed)
    ids = rng.choice(kind.known, rng.integers(1, 13, 2))
    path = write(root, kind, ids.astype(np.uint16 if name == 'synthia' else np.uint8), rng)
    dataset = build_dataset(root, kind.cfg)
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(share * (len(content) - 12))])
    table = kind.train_ids(kind.classes)
    try:
        decoded = label_of(dataset)
    except ValueError as error:
        assert f'label file {path} ' in str(error)
    else:
        assert decoded.tolist() == [[table[int(i)] for i in row] for row in ids]


def full_palette(name: str) -> list:
    """Colours of all classes that may be asked for."""
    return CamVidDataset.METAINFO['palette'] if name == 'camvid' else PALETTE_19


PALETTE_19 = [
    [128, 64, 128], [244, 35, 232], [70, 70, 70], [102, 102, 156], [190, 153, 153],
    [153, 153, 153], [250, 170, 30], [220, 220, 0], [107, 142, 35], [152, 251, 152],
    [70, 130, 180], [220, 20, 60], [255, 0, 0], [0, 0, 142], [0, 0, 70], [0, 60, 100],
    [0, 80, 100], [0, 0, 230], [119, 11, 32],
]  # fmt: skip
