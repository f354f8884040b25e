"""The paper's step from the parts of a plain EncoderDecoder, and what compares it with ours."""

import torch
import torch.nn.functional as F
from mmengine.optim import OptimWrapper
from mmseg.registry import MODELS
from torch import Tensor, nn

from tests.helpers.tiny_models import MAX_SQUARE, MEAN, STD, low_head_cfg, plain_cfg

GUIDANCE = dict(threshold=0.6, loss_weight=0.3)
MULTI = dict(auxiliary_head=low_head_cfg(), guidance=GUIDANCE)
LAMBDA_T = MAX_SQUARE['loss_weight']


def wrap(model: nn.Module, cls: type = OptimWrapper, **kwargs) -> OptimWrapper:
    """SGD with momentum and weight decay behind mmengine's wrapper."""
    return cls(optimizer=sgd(model), **kwargs)


def sgd(model: nn.Module) -> torch.optim.SGD:
    """The optimizer of both implementations."""
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)


def plain_twin(model: nn.Module, **kwargs) -> nn.Module:
    """The EncoderDecoder with the weights of an adapted model."""
    twin = MODELS.build(plain_cfg(**kwargs))
    twin.load_state_dict(model.state_dict(), strict=True)
    return twin.train(model.training)


def assert_same_state(model: nn.Module, other: nn.Module, atol: float = 1e-6) -> None:
    """Parameters and batch-norm statistics agree."""
    state, expected = model.state_dict(), other.state_dict()
    assert list(state) == list(expected)
    for name, value in state.items():
        torch.testing.assert_close(value, expected[name], rtol=1e-5, atol=atol, msg=name)


def change(model: nn.Module, before: dict[str, Tensor]) -> float:
    """Largest change of any parameter."""
    pairs = [(value, before[name]) for name, value in model.named_parameters()]
    return max(float((value - old).abs().max()) for value, old in pairs)


# The second implementation: the paper's step from the parts of a plain EncoderDecoder.


def images_by_hand(batch: dict, domain: str) -> Tensor:
    """Normalised RGB images ``(B, 3, H, W)``."""
    images = torch.stack(batch['inputs'][domain]).float().flip(1)
    return (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]


def logits_by_hand(model: nn.Module, images: Tensor) -> tuple[Tensor, Tensor | None]:
    """Full-size logits of the final and the low level."""
    features = model.backbone(images)
    heads = [model.decode_head] + ([model.auxiliary_head] if model.with_auxiliary_head else [])
    final, *low = (
        F.interpolate(head(features), images.shape[2:], mode='bilinear', align_corners=False)
        for head in heads
    )
    return final, *low, *[None] * (1 - len(low))


def source_by_hand(model: nn.Module, batch: dict) -> dict[str, Tensor]:
    """Cross entropies, Eq. 2: the sum over the labelled pixels by all pixels."""
    labels = torch.cat([s.gt_sem_seg.data for s in batch['data_samples']['source']])
    final, low = logits_by_hand(model, images_by_hand(batch, 'source'))
    terms = {}
    for name, logits, factor in (('decode', final, 1.0), ('aux', low, 0.1)):
        if logits is not None:
            chosen = logits.log_softmax(1).gather(1, labels.clamp(max=3)[:, None])[:, 0]
            loss = -(chosen * (labels != 255)).sum() / labels.numel()
            terms[f'source.{name}.loss_ce'] = factor * loss
    return terms


def target_by_hand(model: nn.Module, batch: dict, guided: bool) -> dict[str, Tensor]:
    """Eq. 6 and Eq. 14-16 with their weights."""
    final, low = logits_by_hand(model, images_by_hand(batch, 'target'))
    p = final.softmax(1)
    pixels = p[:, 0].numel()
    terms = {'target.loss_max_square': -LAMBDA_T * p.square().sum() / (2 * pixels)}
    if guided:
        q = low.softmax(1)
        label = (p + q).argmax(1, keepdim=True)
        best = torch.maximum(p.gather(1, label), q.gather(1, label))
        mask = (best > GUIDANCE['threshold']).float()
        entropy = -(q.log().gather(1, label) * mask).sum() / pixels
        terms['target.loss_guidance'] = LAMBDA_T * GUIDANCE['loss_weight'] * entropy
        terms['target.guided_share'] = mask.mean()
    return terms


def gradients_by_hand(model: nn.Module, batch: dict, guided: bool, divide: float = 1.0) -> dict:
    """Two forward and backward passes; the terms of both."""
    terms = {}
    for part in (source_by_hand(model, batch), target_by_hand(model, batch, guided)):
        loss = sum(value for name, value in part.items() if 'loss' in name)
        (loss / divide).backward()
        terms.update(part)
    return {name: float(value) for name, value in terms.items()}
