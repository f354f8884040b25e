"""Classes and palette of a checkpoint, in whatever form it holds them."""

import numpy as np
import pytest
from mmengine.config import Config

from mmseg_maxsquare.runs.class_list import class_list

CFG = Config(dict(model=dict(decode_head=dict(num_classes=2))))
KNOWN = dict(classes=['a', 'b'], palette=[[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    'meta',
    [
        dict(dataset_meta=KNOWN),
        dict(dataset_meta=dict(classes=('a', 'b'), palette=np.array(KNOWN['palette'], np.uint8))),
        dict(dataset_meta=dict(CLASSES=np.array(['a', 'b']), PALETTE=np.array(KNOWN['palette']))),
        dict(CLASSES=('a', 'b'), PALETTE=np.array(KNOWN['palette'])),
    ],
)
def test_lists_tuples_and_arrays(meta: dict) -> None:
    assert class_list(CFG, meta) == KNOWN


def test_nothing_known() -> None:
    for meta in ({}, dict(dataset_meta=dict(classes=np.array([])))):
        with pytest.raises(ValueError, match='neither the checkpoint'):
            class_list(CFG, meta)
