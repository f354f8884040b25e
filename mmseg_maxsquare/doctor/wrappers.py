"""Data sets around others, such as ``ConcatDataset``: built whole, and one item read."""

import copy
from collections.abc import Iterator

from mmengine.config import Config
from mmseg.registry import DATASETS

from mmseg_maxsquare.datasets.uda_sampler import seeded
from mmseg_maxsquare.runs.domains import Domain, parts_of
from mmseg_maxsquare.runs.errors import fact_and_remedy
from mmseg_maxsquare.runs.sizes import Part

from .samples import is_packed
from .survey import Survey


def check_wrappers(
    cfg: Config, domains: list[Domain], surveys: dict[str, Survey], parts: list[Part]
) -> Iterator[Domain]:
    """Build the wrappers whose data sets have no error.

    Args:
        cfg: The config.
        domains: Its data sets.
        surveys: Their items.
        parts: Gets the wrappers that have a pipeline of their own.

    Yields:
        Each wrapper with its findings.
    """
    for name, field, part in parts_of(cfg):
        inside = [domain for domain in domains if domain.field.startswith(f'{field}.')]
        if not inside or not all(_is_sound(domain, surveys) for domain in inside):
            continue
        whole = Domain(name, field, part, scored=inside[0].scored)
        loader = field.partition('.')[0]
        if _reads(whole) and any(domain.mixed for domain in inside):
            dataset, size = whole.built, cfg[loader].get('batch_size', 1)
            role = name if name in ('source', 'target') else ''
            paths = [dataset.get_data_info(i).get('img_path', '') for i in range(len(dataset))]
            load = dataset.__getitem__
            parts.append(Part(loader, role, paths, load, size, whole.in_training))
        yield whole


def _is_sound(domain: Domain, surveys: dict[str, Survey]) -> bool:
    errors = any(finding.level == 'error' for finding in domain.findings)
    return not errors and domain.name in surveys and bool(surveys[domain.name].items)


def _reads(whole: Domain) -> bool:
    """Build a wrapper and read its first item; False if that fails, with a finding."""
    try:
        whole.dataset = DATASETS.build(copy.deepcopy(whole.cfg))
        with seeded(0):
            sample = whole.built[0]
    except Exception as error:  # of any data set and transform
        what, remedy = fact_and_remedy(error, 'correct the fields of this data set')
        whole.add('error', 'data set fails', whole.field, what, remedy)
        return False
    return is_packed(whole, f'{whole.field}.pipeline', sample)
