"""The classifier, and that it adapts by the segmentor's source and target logic."""

from pathlib import Path

import pytest
import torch
from mmengine.optim import OptimWrapper
from mmengine.structures import BaseDataElement
from mmseg.registry import MODELS
from torch import nn
from torch.nn import functional as F

from mmseg_maxsquare.losses import max_square_loss
from mmseg_maxsquare.models import UDAEncoderDecoder, UDAImageClassifier

BACKBONE = dict(
    type='TorchvisionResNet', pretrained=None, depth=18, stem_channels=8, base_channels=8
)
PREPROCESSOR = dict(type='SegDataPreProcessor', mean=[120.0] * 3, std=[60.0] * 3, size_divisor=1)


def build(**kwargs) -> nn.Module:
    torch.manual_seed(0)
    cfg = dict(
        type='ImageClassifier', backbone=BACKBONE, in_channels=64, num_classes=5,
        data_preprocessor=PREPROCESSOR,
    )  # fmt: skip
    return MODELS.build(cfg | kwargs)


def adaptive(**loss) -> UDAImageClassifier:
    loss = dict(type='MaxSquareLoss', loss_weight=0.3) | loss
    return build(type='UDAImageClassifier', target_loss=loss)


def batch(seed: int = 0, count: int = 4) -> dict:
    generator = torch.Generator().manual_seed(seed)
    inputs = torch.randint(0, 256, (count, 3, 40, 40), generator=generator, dtype=torch.uint8)
    samples = [BaseDataElement() for _ in range(count)]
    for number, sample in enumerate(samples):
        sample.gt_label = number % 5
    return dict(inputs=list(inputs), data_samples=samples)


def pair() -> dict:
    source, target = batch(), batch(1, 6)
    for sample in target['data_samples']:
        del sample.gt_label
    return {key: dict(source=source[key], target=target[key]) for key in source}


def wrap(model: nn.Module) -> OptimWrapper:
    return OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))


def test_pools_the_named_map() -> None:
    model = build(in_index=1, in_channels=16).eval()
    images = torch.randn(2, 3, 40, 40)
    expected = model.backbone(images)[1].mean((2, 3))
    torch.testing.assert_close(model.extract_feat(images), expected)
    torch.testing.assert_close(model(images), model.classifier(expected))
    assert model(images).shape == (2, 5)


def test_loss_and_accuracy() -> None:
    model = build().eval()
    data = model.data_preprocessor(batch(), True)
    losses = model(**data, mode='loss')
    logits = model(data['inputs'])
    labels = torch.tensor([0, 1, 2, 3])
    torch.testing.assert_close(losses['loss_ce'], F.cross_entropy(logits, labels))
    share = sum(int(p) == i for i, p in enumerate(logits.argmax(1))) * 25.0
    assert float(losses['acc']) == share


def test_predictions_are_probabilities() -> None:
    model = build().eval()
    samples = model.test_step(batch())
    scores = torch.stack([sample.pred_score for sample in samples])
    data = model.data_preprocessor(batch(), False)
    torch.testing.assert_close(scores, model(data['inputs']).softmax(1))


def test_one_step_is_both_gradients() -> None:
    """Source backward and target backward, one update of their sum."""
    model, reference = adaptive(), adaptive()
    model.train_step(pair(), wrap(model))
    data = reference.data_preprocessor(pair(), True)
    labels = torch.tensor([0, 1, 2, 3])
    # Batch norms see one domain at a time.
    loss = F.cross_entropy(reference(data['inputs']['source']), labels)
    loss = loss + 0.3 * max_square_loss(reference(data['inputs']['target']))
    loss.backward()
    for ours, other in zip(model.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours, other - 0.1 * other.grad, rtol=1e-4, atol=1e-6)


def test_log_has_both_domains() -> None:
    model = adaptive()
    model.target_weight = 0.5
    model.snapshot = {}
    log = {key: float(value) for key, value in model.train_step(pair(), wrap(model)).items()}
    assert set(log) == {'loss', 'source.loss_ce', 'source.acc', 'target.loss_max_square'}
    assert log['loss'] == pytest.approx(log['source.loss_ce'] + log['target.loss_max_square'])
    expected = 0.5 * 0.3 * float(max_square_loss(model.snapshot['logits']))
    assert log['target.loss_max_square'] == pytest.approx(expected)
    assert model.snapshot['logits'].shape == (6, 5)


def test_shares_the_segmentors_step() -> None:
    assert UDAImageClassifier.uda_step is UDAEncoderDecoder.uda_step


def test_state_dict_is_that_of_the_plain_model() -> None:
    assert list(adaptive().state_dict()) == list(build().state_dict())


def test_new_classifier_starts_near_zero() -> None:
    model = build()
    model.init_weights()
    assert 0.005 < float(model.classifier.weight.std()) < 0.02
    assert not model.classifier.bias.any()


def test_torchvision_weights_must_fit(tmp_path: Path) -> None:
    saved = build().backbone.state_dict()
    path = tmp_path / 'weights.pth'
    torch.save({**saved, 'fc.weight': torch.zeros(3)}, path)  # torchvision's classifier
    model = build(backbone={**BACKBONE, 'pretrained': str(path)})
    model.backbone.conv1.weight.data.zero_()
    model.init_weights()
    torch.testing.assert_close(model.backbone.conv1.weight, saved['conv1.weight'])


def test_incomplete_weights_are_refused(tmp_path: Path) -> None:
    state = build().backbone.state_dict()
    del state['layer1.0.conv1.weight']
    torch.save(state, tmp_path / 'weights.pth')
    model = build(backbone={**BACKBONE, 'pretrained': str(tmp_path / 'weights.pth')})
    with pytest.raises(ValueError, match=r'layer1\.0\.conv1\.weight'):
        model.init_weights()


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(num_classes=1), 'model.num_classes must be at least 2, got 1'),
        (
            dict(type='UDAImageClassifier', target_loss=dict(type='MaxSquareLoss', alhpa=1)),
            'model.target_loss: MaxSquareLoss does not know alhpa',
        ),
    ],
)
def test_bad_fields(change: dict, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        build(**change)


def test_unknown_mode() -> None:
    with pytest.raises(ValueError, match="got 'train'"):
        build()(torch.zeros(1, 3, 40, 40), mode='train')


def test_plain_batch_in_training() -> None:
    with pytest.raises(TypeError, match='UDAImageClassifier trains on batches of a UDADataset'):
        adaptive().train_step(batch(), wrap(adaptive()))
