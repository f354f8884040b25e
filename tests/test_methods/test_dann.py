"""DANN: the reversal and its schedule, the step against one by hand, its configs' errors."""

import math
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import OptimWrapper
from mmseg.registry import MODELS
from torch.nn import functional as F

from mmseg_maxsquare.cli.main import main
from mmseg_maxsquare.methods.dann import reversal_factor, reverse_gradient

from tests.helpers import REPO
from tests.helpers.tiny_models import uda_cfg
from tests.test_models.test_image_classifier import batch, build


@pytest.mark.parametrize(('step', 'expected'), [(0, 0), (500, 0.245), (1000, 0.462), (5000, 0.987)])
def test_factor(step: int, expected: float) -> None:
    """The curve of the published codes (BASELINES, section 4)."""
    assert float(reversal_factor(step, 10_000)) == pytest.approx(expected, abs=5e-4)
    assert float(reversal_factor(step, 10_000)) == pytest.approx(
        2 / (1 + math.exp(-10 * step / 10_000)) - 1, abs=1e-7
    )


def test_reversal() -> None:
    """Values pass, gradients turn; the double gradient check of torch agrees."""
    x = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.equal(reverse_gradient(x, 0.3), x)
    (reverse_gradient(x, 0.3) ** 2).sum().backward()
    torch.testing.assert_close(x.grad, -0.3 * 2 * x.detach())
    y = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    # Minus one times the reversal with factor 1 is the identity to a gradient check.
    assert torch.autograd.gradcheck(lambda v: -reverse_gradient(-v, -1.0), y)


def adaptive(**fields) -> torch.nn.Module:
    method = dict(type='DANN', steps=10, **fields)
    model = build(type='UDAImageClassifier', target_loss=None, methods=[method]).train()
    for layer in model.methods[0].discriminator:
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    return model


def pairs(seed: int) -> dict:
    source, target = batch(2 * seed), batch(2 * seed + 1)
    return {key: dict(source=source[key], target=target[key]) for key in source}


def test_steps_equal_those_by_hand() -> None:
    """Feature gradients are reversed by the schedule, the discriminator's at full weight."""
    model, twin = adaptive(), adaptive()
    twin.load_state_dict(model.state_dict())
    optimizers = [torch.optim.SGD(m.parameters(), lr=0.01, momentum=0.9) for m in (model, twin)]
    wrapper = OptimWrapper(optimizers[0])
    network = twin.methods[0].discriminator
    for step in range(3):
        data = pairs(step)
        model.train_step(data, wrapper)
        data = twin.data_preprocessor(data, True)
        features = {d: twin.extract_feat(data['inputs'][d]) for d in ('source', 'target')}
        labels = torch.tensor([s.gt_label for s in data['data_samples']['source']])
        supervised = F.cross_entropy(twin.classifier(features['source']), labels)
        judged = {
            d: F.binary_cross_entropy_with_logits(
                network(f), torch.full((len(f), 1), float(d == 'source'))
            )
            for d, f in features.items()
        }
        domain = 0.5 * (judged['source'] + judged['target'])
        parameters = [p for n, p in twin.named_parameters() if not n.startswith('methods.')]
        factor = 2 / (1 + math.exp(-10 * step / 10)) - 1
        first = torch.autograd.grad(supervised, parameters, retain_graph=True)
        second = torch.autograd.grad(domain, parameters, retain_graph=True, allow_unused=True)
        own = torch.autograd.grad(domain, list(network.parameters()))
        for p, a, b in zip(parameters, first, second, strict=True):
            p.grad = a if b is None else a - factor * b
        for p, g in zip(network.parameters(), own, strict=True):
            p.grad = g
        optimizers[1].step()
    assert int(model.methods[0].step) == 3
    state = twin.state_dict()
    for name, value in model.state_dict().items():
        if name != 'methods.0.step':
            torch.testing.assert_close(value, state[name], rtol=1e-4, atol=1e-6, msg=name)


def test_schedule_is_saved() -> None:
    """The counter is in the checkpoint, so a resumed run goes on at its factor."""
    model = adaptive()
    model.methods[0].step.fill_(7)
    again = adaptive()
    again.load_state_dict(model.state_dict())
    assert int(again.methods[0].step) == 7
    assert 'methods.0.step' in model.state_dict()


@pytest.mark.slow
def test_a_resumed_run_is_the_same_to_the_bit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also the dropout of the discriminator and the schedule of the reversal."""
    pytest.importorskip('mlxtend')
    monkeypatch.chdir(tmp_path)
    for name in ('TORCH_FORCE_WEIGHTS_ONLY_LOAD', 'LOCAL_RANK'):  # which the command leaves set
        monkeypatch.setenv(name, '0' if name == 'LOCAL_RANK' else '1')
    options = [
        *('load_from=None', 'train_cfg.max_iters=4', 'train_cfg.val_interval=4'),
        *('default_hooks.checkpoint.interval=2', 'default_hooks.checkpoint.max_keep_ckpts=-1'),
    ]
    train = ['train', 'dann/digits_mnist2uci.py', '--cfg-options', *options, '--work-dir']
    main([*train, 'whole'])
    shutil.copytree('whole', 'part', ignore=lambda *_: ['iter_4.pth', 'last_checkpoint'])
    main([*train, 'part', '--resume'])
    monkeypatch.delenv('TORCH_FORCE_WEIGHTS_ONLY_LOAD')
    whole, part = (
        torch.load(Path(name, 'iter_4.pth'), weights_only=False)['state_dict']
        for name in ('whole', 'part')
    )
    assert int(whole['methods.0.step']) == 4
    assert all(torch.equal(value, part[key]) for key, value in whole.items())


def test_size_of_the_discriminator() -> None:
    """1,313,793 parameters on 256 features, as counted from the published code."""
    cfg = dict(in_channels=256, backbone=dict(type='TorchvisionResNet', pretrained=None, depth=18,
               stem_channels=8, base_channels=32))  # fmt: skip
    method = dict(type='DANN', steps=10)
    model = build(type='UDAImageClassifier', target_loss=None, methods=[method], **cfg)
    assert sum(p.numel() for p in model.methods[0].discriminator.parameters()) == 1_313_793


def test_config() -> None:
    """The schedule is as long as the run; new layers at ten times the rate."""
    cfg = Config.fromfile(REPO / 'configs/dann/office31_d2a.py')
    assert cfg.model.methods[0].steps == cfg.train_cfg.max_iters == 2000
    keys = cfg.optim_wrapper.paramwise_cfg.custom_keys
    assert keys.methods.lr_mult == keys.classifier.lr_mult == 10
    assert cfg.model.target_loss is None


@pytest.mark.parametrize(('fields', 'message'), [
    (dict(steps=0), 'steps must be a whole number of at least 1, got 0'),
    (dict(steps=10.5), 'got 10.5'),
    (dict(steps=10, loss_weight=-1), 'loss_weight must be a number of at least 0'),
])  # fmt: skip
def test_wrong_fields(fields: dict, message: str) -> None:
    with pytest.raises(
        ValueError, match=f'model.methods.0: {message}' if 'must' in message else message
    ):
        build(type='UDAImageClassifier', methods=[dict(type='DANN', **fields)])


def test_segmentors_are_refused() -> None:
    with pytest.raises(ValueError, match='model.methods.0: DANN aligns the features of a UDAImage'):
        MODELS.build(uda_cfg(methods=[dict(type='DANN', steps=5)]))
