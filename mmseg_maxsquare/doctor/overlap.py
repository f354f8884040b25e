"""Images that occur more than once, in one domain or in two."""

import os

from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.errors import some

from .survey import Survey


def check_overlap(domains: list[Domain], surveys: dict[str, Survey]) -> None:
    """Evaluation images that are used in training, and images shared by source and target.

    Two images are the same if they are the same file or have the same content.
    """
    known = [domain for domain in domains if domain.name in surveys]
    paths = {domain.name: _keys(surveys[domain.name]) for domain in known}
    for domain in known:
        _check_copies(domain, surveys[domain.name])
    for second in known:
        for first in known:
            scored = second.role in ('val', 'test') and first.role not in ('val', 'test')
            pair = second.role == 'target' and first.role == 'source'
            if not scored and not pair:
                continue
            keys = paths[first.name]
            shared = sorted({path for key, path in paths[second.name].items() if key in keys})
            if shared and second.has_class_labels and first.role == 'target':
                what = f'{len(shared)} of its images are in {first.field}, without their classes'
                second.add('note', 'evaluation images are target images', second.field, what)
            elif shared:
                _add(second, first, shared, len(surveys[second.name].items))


def _add(second: Domain, first: Domain, shared: list[str], total: int) -> None:
    what = f'{len(shared)} of its {total} images are also in {first.field}: {some(shared, 3)}'
    if second.role == 'target':
        kind = 'source and target share images'
        remedy = 'adaptation needs images of another domain; correct data_root or data_prefix'
    else:
        kind = 'evaluation images are trained on'
        remedy = 'keep a part of the target for evaluation only, or state this with the result'
    second.add('warning', kind, second.field, what, remedy)


def _keys(survey: Survey) -> dict[object, str]:
    """Image path by real path, and by content if it was read."""
    by_path = {os.path.realpath(item['img_path']): item['img_path'] for item in survey.items}
    return by_path | {key: paths[0] for key, paths in survey.contents.items()}


def _check_copies(domain: Domain, survey: Survey) -> None:
    """Files of different names with the same content."""
    for paths in survey.contents.values():
        distinct = sorted(set(paths))
        if len(distinct) > 1:
            what = f'has the same content as {some(distinct[1:], 3)}'
            remedy = 'copy them again if they should differ'
            domain.add('warning', 'images of the same content', distinct[0], what, remedy)
