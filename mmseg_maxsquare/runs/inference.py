"""How a segmentor predicts: ``model.test_cfg``, which is only read at the first validation."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmseg.models import EncoderDecoder

from mmseg_maxsquare.models.fields import class_of

from .findings import Finding, config_error

WHERE = 'model.test_cfg'
MODES = ('whole', 'slide')


def check_inference(cfg: Config) -> Iterator[Finding]:
    """Check the mode of prediction of a segmentor, and the windows of the sliding one."""
    model = cfg.get('model') or {}
    kind = class_of(model)
    if not isinstance(kind, type) or not issubclass(kind, EncoderDecoder):
        return  # another segmentor may read other fields
    scored = any(cfg.get(f'{loop}_dataloader') is not None for loop in ('val', 'test'))
    if not scored:
        return
    given = model.get('test_cfg')
    test = given if isinstance(given, dict) else {}
    mode = test.get('mode')
    if mode not in MODES:
        what = f'is {given!r}, expected a mode, one of {", ".join(MODES)}'
        yield config_error('inference', WHERE, what, f"set {WHERE}=dict(mode='whole')")
    if not isinstance(test, dict) or mode != 'slide':
        return
    pairs: dict[str, Any] = {key: test.get(key) for key in ('crop_size', 'stride')}
    for key, value in pairs.items():
        if not _is_pair(value):
            what = f'is {value!r}, expected two whole numbers above 0, height and width'
            yield config_error('inference', f'{WHERE}.{key}', what, f'set {WHERE}.{key}=(512, 512)')
    if all(map(_is_pair, pairs.values())):
        crop, stride = pairs.values()
        if stride[0] > crop[0] or stride[1] > crop[1]:
            what = f'{tuple(stride)} is larger than crop_size={tuple(crop)}: windows leave gaps'
            yield config_error('inference', f'{WHERE}.stride', what, 'take at most the crop_size')


def _is_pair(value: Any) -> bool:
    pair = isinstance(value, list | tuple) and len(value) == 2
    return pair and all(type(side) is int and side > 0 for side in value)
