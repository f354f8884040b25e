"""Checks all files of a domain in several processes, and sums up the results."""

import multiprocessing
import os
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field

import cv2
import numpy as np

from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.findings import Finding
from mmseg_maxsquare.runs.progress import progress

from .content import COPY_AGAIN
from .files import FileCheck, FileReport

CHUNK = 4  # items per task of a process
# Set before the fork, because data sets cannot always be pickled.
_job: tuple[FileCheck, list[dict]] | None = None


@dataclass
class Survey:
    """Statistics of the files of a domain.

    Attributes:
        items: All items whose image exists.
        chosen: The items that were read.
        sizes: Number of images by (width, height).
        image_kinds: Number of images by kind of file.
        label_kinds: Number of labels by kind of file.
        contents: Images by checksum of their content.
        ids: Pixels by value in the label files, int64 ``(256,)``.
        pixels: Pixels by class, int64 ``(256,)``, 255 for ignored ones.
        label_map: Index of the class by value in the files, if there is a table.
        labels: Number of labels that were read.
        turned: Items whose label could be drawn on either view of the photograph.
    """

    items: list[dict] = field(default_factory=list)
    chosen: list[dict] = field(default_factory=list)
    sizes: Counter = field(default_factory=Counter)
    image_kinds: Counter = field(default_factory=Counter)
    label_kinds: Counter = field(default_factory=Counter)
    contents: dict[tuple[int, int], list[str]] = field(default_factory=dict)
    ids: np.ndarray = field(default_factory=lambda: np.zeros(256, dtype=np.int64))
    label_map: dict[int, int] | None = None
    labels: int = 0
    turned: list[dict] = field(default_factory=list)

    @property
    def pixels(self) -> np.ndarray:
        """Pixels by class, int64 ``(256,)``; 255 holds the ignored ones."""
        if self.label_map is None:
            return self.ids
        pixels = np.zeros(256, dtype=np.int64)
        for value, train_id in self.label_map.items():
            pixels[train_id] += self.ids[value]
        return pixels

    def add(self, item: dict, report: FileReport) -> None:
        """Count one item."""
        if report.content is not None:
            self.contents.setdefault(report.content, []).append(item['img_path'])
        self.sizes.update([report.size] if report.size else [])
        self.image_kinds.update([report.image_kind] if report.image_kind else [])
        self.label_kinds.update([report.label_kind] if report.label_kind else [])
        self.turned += [item] * report.turned
        if report.ids is not None:
            self.ids += report.ids
            self.labels += 1


def read_files(domain: Domain, survey: Survey, limit: int | None, workers: int) -> None:
    """Read the files of a domain.

    Args:
        domain: The domain, its data set built; gets the findings.
        survey: Its items; gets the statistics.
        limit: Read at most this many items, evenly spaced; None for all.
        workers: Number of processes; 0 and 1 read in this process.
    """
    survey.chosen = spread(survey.items, limit)
    check = FileCheck(domain)
    survey.label_map = check.label_map
    reports = _reports(check, survey.chosen, workers)
    with progress(domain.name, len(survey.chosen)) as advance:
        for item, report in zip(survey.chosen, reports, strict=True):
            survey.add(item, report)
            domain.findings += report.findings
            advance()


def spread(items: list, limit: int | None) -> list:
    """At most ``limit`` items, evenly spaced."""
    if limit is None or limit >= len(items):
        return items
    return [items[i * len(items) // limit] for i in range(limit)]


def _reports(check: FileCheck, items: list[dict], workers: int) -> Iterator[FileReport]:
    global _job
    workers = min(workers, len(items) // CHUNK)
    if workers <= 1 or 'fork' not in multiprocessing.get_all_start_methods():
        yield from map(check, items)
        return
    _job = check, items
    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)  # OpenCV's threads do not survive a fork
    done = 0
    while done < len(items):
        try:
            for report in _in_processes(range(done, len(items)), workers):
                yield report
                done += 1
        except BrokenProcessPool:
            # A decoder crashed, or memory ran out; reading one by one shows at which file.
            if workers == 1:
                yield _crash(check, items[done])
                done += 1
            workers = 1
    cv2.setNumThreads(threads)
    _job = None


def _in_processes(indices: range, workers: int) -> Iterator[FileReport]:
    context = multiprocessing.get_context('fork')
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_quiet) as pool:
        yield from pool.map(_check_at, indices, chunksize=CHUNK if workers > 1 else 1)


def _crash(check: FileCheck, item: dict) -> FileReport:
    what = 'the process that read it (or its label) died: the decoder crashed or memory ran out'
    finding = Finding(
        'error', f'{check.name}: files that crash the reader', item['img_path'], what, COPY_AGAIN
    )
    return FileReport(findings=[finding])


def _check_at(index: int) -> FileReport:
    assert _job is not None  # set before the fork
    check, items = _job
    return check(items[index])


def _quiet() -> None:
    """Hide the decoders' own messages; the findings report these problems."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
