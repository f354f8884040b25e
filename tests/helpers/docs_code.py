"""Code in the pages of the documentation, and the data sets that they describe."""

import re
from pathlib import Path

import pytest
from mmseg.registry import DATASETS

from tests.helpers import REPO
from tests.helpers.tiny_data import (
    make_camvid,
    make_cityscapes,
    make_gta5,
    make_nthu,
    make_office31,
    make_synthia,
)


def code_of(text: str, language: str) -> list[str]:
    """Blocks of code in a text."""
    found = re.findall(r'^```(\w*)\n(.*?)^```', text, flags=re.S | re.M)
    return [code for name, code in found if name == language]


def guide(name: str, mark: str) -> dict:
    """Names that the only block of a guide with a mark in it sets."""
    text = (REPO / f'docs/guides/{name}.md').read_text(encoding='utf-8')
    (code,) = (block for block in code_of(text, 'python') if mark in block)
    return run(code)


def run(code: str) -> dict:
    """Names that the code sets."""
    names = {}
    exec(code, names)
    return names


def data_sets(names: dict) -> dict:
    """The data sets among them, built."""
    return {
        key: DATASETS.build(dict(value, serialize_data=False))
        for key, value in names.items()
        if isinstance(value, dict) and 'pipeline' in value
    }


def make_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """All data sets in a folder ``data``, beside which the pages' code is run."""
    folder = tmp_path / 'data'
    make_gta5(folder / 'gta5')
    make_synthia(folder / 'synthia')
    make_cityscapes(folder / 'cityscapes', labels={'train': 'labelIds', 'val': 'labelIds'})
    make_nthu(folder / 'nthu')
    make_camvid(folder / 'CamVid')
    make_office31(folder / 'office31')
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv('MMSEG_MAXSQUARE_DATA', raising=False)
    return folder
