"""Pretrained weights that would have to be fetched."""

import urllib.request
from urllib.error import URLError

import pytest

from mmseg_maxsquare.runs.train import skip_remote_weights

from .error_cases import Place
from .error_cases.weights import save_checkpoint
from .test_errors import end_of, here

__all__ = ['here']  # the fixture


def test_weights_that_load_from_replaces_are_not_fetched() -> None:
    model = dict(
        pretrained='open-mmlab://resnet50_v1c',
        backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='https://x.org/a.pth')),
        decode_head=[dict(init_cfg=dict(type='Normal')), dict(pretrained='own.pth')],
    )
    skip_remote_weights(model)
    assert model == dict(
        pretrained=None,
        backbone=dict(init_cfg=None),
        decode_head=[dict(init_cfg=dict(type='Normal')), dict(pretrained='own.pth')],
    )


@pytest.mark.parametrize('starts', [True, False])
def test_without_a_network(starts: bool, here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*args: object, **kwargs: object) -> None:
        raise URLError('Name or service not known')

    monkeypatch.setattr(urllib.request, 'urlopen', unreachable)
    if starts:
        here.cfg.load_from = str(save_checkpoint(here))
    url = 'https://download.example.org/backbone.pth'
    here.cfg.model.backbone.init_cfg = dict(type='Pretrained', checkpoint=url)
    message, _ = end_of(here, 'train CONFIG')
    if starts:
        assert message is None
    else:
        assert message.startswith('error: the pretrained weights of the model cannot be fetched')
