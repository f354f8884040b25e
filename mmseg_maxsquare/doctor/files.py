"""One image and its label: decoded once, with the loading steps of the data set."""

import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from mmseg.datasets.transforms import LoadAnnotations

from mmseg_maxsquare.datasets.loading import IGNORE, LoadLabelIds
from mmseg_maxsquare.runs.domains import Domain, image_loader, label_loader
from mmseg_maxsquare.runs.errors import fact_and_remedy
from mmseg_maxsquare.runs.findings import Finding

from .content import COPY_AGAIN, defect, describe

# Messages of the loaders about a label, and how to fix it.
REFUSALS = {
    'size': (
        'labels of another size',
        'replace one of them with the original, or leave the pair out with an ann_file',
    ),
    'unknown ids': (
        'labels with unknown ids',
        'is it a file of another data set, or a converted copy? Take the original label files, or '
        'a data set class whose table fits',
    ),
    'channels': (
        'labels that hold no ids',
        'take the label files with ids, as published; colour images of labels, or files saved '
        'by an image editor, must be converted back to ids',
    ),
    'shape': (
        'labels that hold no ids',
        'take label files with one 8-bit id per pixel',
    ),
}
REFUSED = 'expected 8-bit colour'  # the words of LoadImage
DAMAGED = ('damaged labels', COPY_AGAIN)


@dataclass
class FileReport:
    """Result of checking one item of a data set.

    Attributes:
        size: Width and height of the image, None if it cannot be read.
        image_kind: Such as ``'PNG 8-bit RGB'``.
        label_kind: The same for the label, None without one.
        content: Identifies the bytes of the image: their number and checksum.
        ids: Pixels by value in the file (data sets with a label table) or by
            class, int64 ``(256,)``; None if the label cannot be read.
        findings: Its problems.
    """

    size: tuple[int, int] | None = None
    image_kind: str | None = None
    label_kind: str | None = None
    content: tuple[int, int] | None = None
    ids: np.ndarray | None = None
    findings: list[Finding] = field(default_factory=list)


class FileCheck:
    """Checks the items of one domain.

    Args:
        domain: The domain, its data set built.

    Attributes:
        label_map: Index of the class by value in the files; None if the loader
            returns classes.
    """

    def __init__(self, domain: Domain) -> None:
        self.name = domain.name
        self.load_image = image_loader(domain)
        self.load_label = label_loader(domain)
        self.label_map: dict[int, int] | None = None
        self.in_file: Remember | None = None
        if isinstance(self.load_label, LoadLabelIds):
            self.label_map = domain.built.label_map
            self.load_label.read = self.in_file = Remember(self.load_label.read)
        self.classes = len(domain.classes or ())

    def __call__(self, item: dict) -> FileReport:
        """Read the item's image and label."""
        report = FileReport()
        results = dict(item, seg_fields=[])
        if 'img' in item or self._image(results, report):
            image = results['img']
            report.size = (image.shape[1], image.shape[0])
            if is_uniform(image):
                self._add(
                    report,
                    'warning',
                    'blank images',
                    item['img_path'],
                    f'every pixel is {image[0, 0].tolist()}',
                    'leave them out with an ann_file, or copy them again',
                )
        if self.load_label is not None and 'seg_map_path' in item:
            self._label(self.load_label, results, report)
        return report

    def _add(self, report: FileReport, level: str, kind: str, where: str, *what: str) -> None:
        report.findings.append(Finding(level, f'{self.name}: {kind}', where, *what))

    def _image(self, results: dict, report: FileReport) -> bool:
        """Decode the image; False if that fails."""
        path = results['img_path']
        content = self._content(path, 'images', report)
        if content is None:
            return False
        report.content = len(content), zlib.crc32(content)
        form, pixels = describe(content)
        report.image_kind = f'{form} {pixels}'
        odd = 'grey' in pixels or 'palette' in pixels or '16-bit' in pixels
        refusal = None
        try:
            self.load_image.transform(results)
        except Exception as error:  # decoders raise all kinds
            refusal = _without_path(error, path)
        if odd and (refusal is None or REFUSED in refusal):
            self._add(
                report,
                'warning' if refusal is None else 'error',
                'images that are not 8-bit colour',
                path,
                f'{pixels}, {REFUSED}',
                'take the original photographs; are these labels (img_path and seg_map_path '
                'exchanged), or converted copies?',
            )
        elif refusal is not None:
            what = f'cannot be decoded: {refusal}'
            self._add(report, 'error', 'damaged images', path, what, COPY_AGAIN)
        return refusal is None

    def _label(self, loader: LoadAnnotations, results: dict, report: FileReport) -> None:
        """Decode the label and count its ids."""
        path = results['seg_map_path']
        content = self._content(path, 'labels', report)
        if content is None:
            return
        form, pixels = describe(content)
        report.label_kind = f'{form} {pixels}'
        if form == 'JPEG':
            self._add(
                report,
                'error',
                'labels that JPEG has changed',
                path,
                'is a JPEG: its compression changes the ids at every edge',
                'take the original PNG',
            )
            return
        try:
            loader.transform(results)
        except Exception as error:  # decoders raise all kinds
            self._refuse(report, path, _without_path(error, path))
            return
        self._values(results, report)

    def _values(self, results: dict, report: FileReport) -> None:
        path, label = results['seg_map_path'], results['gt_seg_map']
        if label.ndim != 2:
            what = f'has shape {label.shape}, expected one id per pixel (height, width)'
            self._refuse(report, path, what)
            return
        size = results.get('ori_shape', label.shape)
        if label.shape != tuple(size):
            what = f'has size {label.shape} (height, width), its image {tuple(size)}'
            self._refuse(report, path, what)
            return
        classes = count_ids(label)
        report.ids = classes
        if self.in_file is not None:
            report.ids = count_ids(self.in_file.last)
        beyond = [i for i in np.flatnonzero(classes).tolist() if self.classes <= i != IGNORE]
        if beyond and self.classes:
            what = f'holds unknown ids {beyond[:10]}; known are 0..{self.classes - 1} and {IGNORE}'
            self._refuse(report, path, what)
        elif not classes[:IGNORE].any():
            what = 'every pixel is ignored'
            remedy = 'nothing can be learned or scored on them; is the file the right one?'
            self._add(report, 'warning', 'labels without any class', path, what, remedy)

    def _refuse(self, report: FileReport, path: str, what: str) -> None:
        """Add a finding about a label that cannot be decoded or does not fit."""
        kind, remedy = next((v for k, v in REFUSALS.items() if k in what), DAMAGED)
        self._add(report, 'error', kind, path, what, remedy)

    def _content(self, path: str, kind: str, report: FileReport) -> bytes | None:
        """The bytes of a file, or None with a finding if they are not a complete image."""
        try:
            with open(path, 'rb') as stream:
                content = stream.read()
        except OSError as error:
            what = f'cannot be read: {error.strerror}'
            remedy = 'see its permissions, and the disk'
            self._add(report, 'error', f'{kind} that cannot be read', path, what, remedy)
            return None
        found = defect(content)
        if found is not None:
            self._add(report, 'error', f'damaged {kind}', path, *found)
            return None
        return content


class Remember:
    """A reader of label files that keeps its last result."""

    def __init__(self, read: Callable[[bytes], np.ndarray]) -> None:
        self.read = read

    def __call__(self, content: bytes) -> np.ndarray:
        self.last = self.read(content)
        return self.last


def count_ids(ids: np.ndarray) -> np.ndarray:
    """Pixels of each value below 256, int64 ``(256,)``."""
    # Ten times faster than np.bincount; float32 counts are exact up to 16 million.
    ids = np.ascontiguousarray(ids, dtype=None if ids.dtype == np.uint8 else np.uint16)
    histogram = cv2.calcHist([ids], [0], None, [256], [0, 256])
    return histogram.ravel().astype(np.int64)


def is_uniform(image: np.ndarray, tolerance: int = 2) -> bool:
    """Whether all pixels of ``(H, W, C)`` have about one colour."""
    image = image.reshape(*image.shape[:2], -1)
    for view in (image[::16, ::16], image):  # few images need the full check
        if (np.ptp(view.reshape(-1, view.shape[-1]).astype(np.int16), axis=0) > tolerance).any():
            return False
    return True


def _without_path(error: Exception, path: str) -> str:
    """The message without the path and the advice, which the finding already has."""
    fact, _ = fact_and_remedy(error, '')
    return re.sub(rf'^(image|label file) {re.escape(os.fspath(path))} ', '', fact)
