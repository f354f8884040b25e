"""Types of layers inside a model's config: mmcv's message does not name an unknown one."""

from collections.abc import Iterator

from mmengine.config import Config
from mmseg.registry import MODELS

from .findings import Finding
from .optimizer import check_type

FIELDS = ('norm_cfg', 'act_cfg', 'conv_cfg')


def check_layers(cfg: Config) -> Iterator[Finding]:
    """Report unknown types of normalisation, activation and convolution layers."""
    yield from _search('model', cfg.get('model'))


def _search(where: str, part: object) -> Iterator[Finding]:
    if isinstance(part, list | tuple):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return
    for key, value in part.items():
        if key in FIELDS and isinstance(value, dict):
            yield from check_type(MODELS, 'model', f'{where}.{key}', value.get('type'))
        else:
            yield from _search(f'{where}.{key}', value)
