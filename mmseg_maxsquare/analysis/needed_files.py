"""Files and folders that runs read, found before anything starts."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.runs.domains import build, domains_of
from mmseg_maxsquare.runs.pretrained import pretrained_fields

from .rows import Run, with_needs
from .run_logs import finished_metrics
from .runner import config_of, work_dir_of

# Weights that a config names: the checksum of the published file, and that file's name if
# the config names a converted one.
PUBLISHED = json.loads((Path(__file__).parent / 'published_files.json').read_text(encoding='utf-8'))
PACKAGED = ('imagenet',)  # weights that come with a Python package


@dataclass(frozen=True)
class NeededFile:
    """A file or folder that a run reads.

    Attributes:
        path: As in the config.
        about: Where it comes from and its checksum, if they are known.
    """

    path: str
    about: str = ''

    @property
    def present(self) -> bool:
        """Whether it is there."""
        return os.path.exists(self.path)

    def __str__(self) -> str:
        return ' '.join(filter(None, (self.path, self.about)))


def needed_files(run: Run, adjust: Callable[[Config], None]) -> list[NeededFile]:
    """What a run reads beside the checkpoints of other runs: weights, images, labels.

    Args:
        run: The run.
        adjust: Changes its config, as the run does.
    """
    cfg = config_of(run, adjust)
    weights = [*_weights(cfg)] if run.train else []
    own = cfg.get('load_from')
    if run.start is None and not run.members and own and '://' not in own:
        weights.append(NeededFile(own))
    return list(dict.fromkeys([*weights, *_data(cfg, run.train)]))


def absent_files(
    runs: Iterable[Run], seeds: Iterable[int], out: Path, adjust: Callable[[Config], None]
) -> dict[Run, list[NeededFile]]:
    """What unfinished runs need, they or those that they start from, and is not there.

    Args:
        runs: The runs.
        seeds: Their seeds; finished runs need nothing any more.
        out: Folder of all runs.
        adjust: Changes every config.

    Returns:
        The files by run, without the runs that lack nothing.
    """
    seeds, own = list(seeds), {}
    absent = {}
    for run in runs:
        for part in with_needs(run):
            if part not in own:
                done = all(finished_metrics(work_dir_of(part, seed, out)) for seed in seeds)
                files = [] if done else needed_files(part, adjust)
                own[part] = [file for file in files if not file.present]
        if not all(finished_metrics(work_dir_of(run, seed, out)) for seed in seeds):
            files = [file for part in with_needs(run) for file in own[part]]
            absent[run] = list(dict.fromkeys(files))
    return {run: files for run, files in absent.items() if files}


def files_text(runs: Iterable[Run], adjust: Callable[[Config], None]) -> str:
    """All files that runs need, one line for each.

    Args:
        runs: The runs.
        adjust: Changes every config.
    """
    files = dict.fromkeys(file for run in runs for file in needed_files(run, adjust))
    lines = [f'  {"there" if file.present else "absent":6}  {file}' for file in files]
    return '\n'.join(['files needed:', *(lines or ['  none'])])


def _weights(cfg: Config) -> Iterator[NeededFile]:
    """Weights from which a model starts; names of collections are fetched by mmengine."""
    for _, path in pretrained_fields('model', cfg.model):
        if '://' not in path and path not in PACKAGED:
            published = PUBLISHED.get(Path(path).name, {})
            about = f'from {published["from"]} ' if 'from' in published else ''
            about += f'({published["checksum"]})' if published else ''
            yield NeededFile(path, about)


def _data(cfg: Config, train: bool) -> Iterator[NeededFile]:
    """Folders and lists of the data sets."""
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    for domain in domains_of(cfg):
        if domain.in_training and not train:
            continue
        root = domain.cfg.get('data_root')
        if root is not None and not os.path.isdir(root):
            yield NeededFile(root)
            continue
        build(domain)
        places = [domain.prefix('img_path')]
        places += [domain.prefix('seg_map_path')] if domain.needs_labels else []
        places += [getattr(domain.dataset, 'ann_file', None)]
        yield from (NeededFile(place) for place in places if place)
