"""One image and its label: decoded once, with the loading steps of the data set."""

import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from mmseg.datasets.transforms import LoadAnnotations

from mmseg_maxsquare.datasets.loading import IGNORE, LoadLabelIds
from mmseg_maxsquare.datasets.pixel_format import TURNED, read_header
from mmseg_maxsquare.runs.domains import Domain, image_loader, label_loader
from mmseg_maxsquare.runs.errors import fact_and_remedy
from mmseg_maxsquare.runs.findings import Finding

from .content import COPY_AGAIN, defect, describe
from .orientation import other_reading, sheet_of
from .pixels import count_ids, is_uniform
from .refusals import DAMAGED, IF_PHOTOGRAPHS, IMAGE_REFUSALS, ODD_IMAGES, REFUSALS


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
        turned: Whether only the eye can tell how its label is to be read.
        findings: Its problems.
    """

    size: tuple[int, int] | None = None
    image_kind: str | None = None
    label_kind: str | None = None
    content: tuple[int, int] | None = None
    ids: np.ndarray | None = None
    turned: bool = False
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
        other = other_reading(self.load_image)
        self.view = 'the stored image' if other == 'shown' else 'the image as viewers show it'
        self.compare = (
            f'compare the two columns of {sheet_of(domain, "turned")}; if the right one fits, set '
            f"orientation='{other}' of the data set"
        )
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
            self._orientation(item['img_path'], report)
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
        refusal = None
        try:
            self.load_image.transform(results)
        except Exception as error:  # decoders raise all kinds
            refusal = _without_path(error, path)
        for word, kind, what in ODD_IMAGES if refusal is None else ():
            if word in pixels:
                self._add(report, 'warning', kind, path, f'{pixels}, {what}', IF_PHOTOGRAPHS)
                break
        if refusal is not None:
            known = [v for k, v in IMAGE_REFUSALS.items() if k in refusal]
            kind, remedy = (known or [('damaged images', COPY_AGAIN)])[0]
            what = refusal if known else f'cannot be decoded: {refusal}'
            self._add(report, 'error', kind, path, what, remedy)
        return refusal is None

    def _orientation(self, path: str, report: FileReport) -> None:
        """Note a turned photograph whose label could be drawn on either view."""
        orientation = read_header(path).orientation
        square = report.size is not None and report.size[0] == report.size[1]
        if orientation > 1 and (orientation not in TURNED or square):
            report.turned = True
            what = f'EXIF orientation {orientation}: its label must be drawn on {self.view}'
            self._add(report, 'warning', 'turned photographs', path, what, self.compare)

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
            orientation = read_header(results['img_path']).orientation
            if orientation in TURNED and label.shape == tuple(size)[::-1]:
                what += f' as EXIF orientation {orientation} shows it'
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


def _without_path(error: Exception, path: str) -> str:
    """The message without the path and the advice, which the finding already has."""
    fact, _ = fact_and_remedy(error, '')
    return re.sub(rf'^(image|label file) {re.escape(os.fspath(path))} ', '', fact)
