"""AdaptSegNet's and AdvEnt's step written again from the facts, in plain PyTorch."""

import copy
import math

import torch
import torch.nn.functional as F
from mmseg.registry import MODELS
from torch import Tensor, nn

from tests.helpers.tiny_models import plain_cfg
from tests.test_models.step_by_hand import images_by_hand

SGD = dict(lr=0.05, momentum=0.9, weight_decay=5e-4)
ADAM = dict(lr=1e-3, betas=(0.9, 0.99))


class ByHand:
    """The segmentor, one discriminator for each level, and three optimizers.

    Args:
        model: The adapted model whose weights it starts with.
        weights: lambda_adv of the final and the low level.
        see: What the discriminators see of logits.
        judge: Loss of raw outputs and a label.
        accumulate: Iterations whose gradients make one update.
    """

    def __init__(self, model, weights, see, judge, accumulate=1, **cfg) -> None:
        self.segmentor = MODELS.build(plain_cfg(**cfg)).double().train()
        state = {k: v for k, v in model.state_dict().items() if not k.startswith('methods.')}
        self.segmentor.load_state_dict(state)
        networks = model.methods[0].discriminators.values()
        self.discriminators = [copy.deepcopy(nn.Sequential(*network)) for network in networks]
        self.weights, self.see, self.judge, self.accumulate = weights, see, judge, accumulate
        self.optimizers = [torch.optim.SGD(self.segmentor.parameters(), **SGD)]
        self.optimizers += [torch.optim.Adam(d.parameters(), **ADAM) for d in self.discriminators]
        self.iterations = 0

    def iterate(self, batch: dict) -> None:
        """One batch; an update when enough have been accumulated."""
        images = {d: images_by_hand(batch, d).double() for d in ('source', 'target')}
        # Source: supervised.
        source = self.logits(images['source'])
        labels = torch.cat([s.gt_sem_seg.data for s in batch['data_samples']['source']])
        loss = sum(
            factor * F.cross_entropy(logits, labels, ignore_index=255, reduction='sum')
            for factor, logits in zip((1.0, 0.1), source, strict=False)
        )
        (loss / labels.numel() / self.accumulate).backward()
        # Target: the discriminators shall take it for source; they do not learn from this.
        target = self.logits(images['target'], len(self.weights))
        loss = sum(
            weight * self.judge(d(self.see(logits)), 0.0)
            for weight, d, logits in zip(self.weights, self.discriminators, target, strict=True)
        )
        self.add_gradients(loss, list(self.segmentor.parameters()))
        # Discriminators: both domains, half of each loss.
        for logits, label in ((source, 0.0), (target, 1.0)):
            for d, one in zip(self.discriminators, logits, strict=False):
                loss = 0.5 * self.judge(d(self.see(one.detach())), label)
                self.add_gradients(loss, list(d.parameters()))
        self.iterations += 1
        if self.iterations % self.accumulate == 0:
            for optimizer in self.optimizers:
                optimizer.step()
            for optimizer in self.optimizers:
                optimizer.zero_grad()

    def logits(self, images: Tensor, levels: int = 2) -> list[Tensor]:
        """Of some levels, final first; a head that is not needed sees no image."""
        features = self.segmentor.backbone(images)
        heads = [self.segmentor.decode_head, self.segmentor.auxiliary_head][:levels]
        return [
            F.interpolate(head(features), images.shape[2:], mode='bilinear', align_corners=False)
            for head in heads
        ]

    def add_gradients(self, loss: Tensor, parameters: list[nn.Parameter]) -> None:
        """Gradients of some parameters alone."""
        found = torch.autograd.grad(loss / self.accumulate, parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, found, strict=True):
            if gradient is not None:
                old = 0 if parameter.grad is None else parameter.grad
                parameter.grad = old + gradient


def vanilla(raw: Tensor, label: float) -> Tensor:
    """Binary cross entropy of raw patch outputs."""
    p = raw.sigmoid()
    return -(label * p.log() + (1 - label) * (1 - p).log()).mean()


def least_squares(raw: Tensor, label: float) -> Tensor:
    """Squared distance of raw patch outputs from the label."""
    return ((raw - label) ** 2).mean()


def probabilities(logits: Tensor) -> Tensor:
    """Softmax over the classes."""
    e = (logits - logits.amax(1, keepdim=True)).exp()
    return e / e.sum(1, keepdim=True)


def self_information(logits: Tensor) -> Tensor:
    """As in the released code: base 2, 1e-30 inside the logarithm."""
    p = probabilities(logits)
    return -p * torch.log2(p + 1e-30) / math.log2(logits.shape[1])
