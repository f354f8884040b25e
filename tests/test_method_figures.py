"""The numbers of docs/method.md from the commands' CSV files."""

import importlib.util
from types import ModuleType

import pytest

from tests.helpers import REPO


@pytest.fixture
def tool() -> ModuleType:
    path = REPO / 'tools/docs/method_figures.py'
    spec = importlib.util.spec_from_file_location('method_figures', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_correlations(tool: ModuleType) -> None:
    """A class without a number is left out."""
    lines = [
        {'class': name, 'x': x, 'IoU (%)': iou}
        for name, x, iou in (('a', '1', '10'), ('b', '2', '20'), ('c', '4', '30'), ('d', '', '5'))
    ]
    pearson, spearman = tool.correlations(lines)
    assert pearson == pytest.approx(0.9819805) and spearman == 1


def test_shares(tool: ModuleType) -> None:
    tenths = [4, 6, 8, 9, 10, 11, 12, 13, 14, 13]
    groups = [(f'decile {i + 1}: from {i} %', share, share / 10) for i, share in enumerate(tenths)]
    groups += [('sky', 70, 0.9), ('sign', 30, 3.0)]
    lines = [
        {'gradient by': way, 'loss': 'entropy', 'group': group, 'gradient (%)': g, 'ratio': r}
        for way in ('probabilities', 'logits')
        for group, g, r in groups
    ]
    columns, rows = tool.shares(lines)
    assert columns[1:5] == list(tool.GROUPS) and columns[5:] == ['sky', 'sign']
    assert rows[0] == ['probabilities: entropy', 4, 37, 52, 13, 0.9, 3.0]
    assert [row[0] for row in rows] == ['probabilities: entropy', 'logits: entropy']
