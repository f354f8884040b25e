"""The source model as an anchor of the class shares."""

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from ..losses import ClassShareLoss, class_shares
from .backbones.pretrained import read_state_dict


class ClassShareAnchor:
    """Keeps the class shares of a model's target predictions near its source model's.

    The source model is a frozen copy in eval mode with the weights of a checkpoint. It
    predicts the very images of the batch, so augmentations need no care. It is made at the
    first step and is no part of the model: parameters, checkpoints and optimizer do not
    know it.

    Args:
        checkpoint: File of the source model's weights. Defaults to None: ``load_from`` of the
            run, which the command ``train`` fills in.
        per: ``'image'`` or ``'batch'``; see :func:`class_share_loss`. Defaults to 'image'.
        loss_weight: beta, the factor of the loss, at least 0. Defaults to 0.3.

    Raises:
        ValueError: If a parameter is out of its range.
    """

    def __init__(
        self, checkpoint: str | None = None, per: str = 'image', loss_weight: float = 0.3
    ) -> None:
        self.checkpoint = checkpoint
        self.loss = ClassShareLoss(per, loss_weight)
        self._source: nn.Module | None = None

    def source(self, model: nn.Module) -> nn.Module:
        """The source model: a frozen copy of a model, with the checkpoint's weights.

        Args:
            model: Only its architecture counts, and the device that it is on.

        Raises:
            ValueError: If the checkpoint is not one of this model.
        """
        if self._source is None:
            source = copy.deepcopy(model).eval().requires_grad_(False)
            load_source(source, self.checkpoint)
            self._source = source
        return self._source

    def term(self, model: nn.Module, inputs: Tensor, logits: Tensor, ignore: Tensor | None) -> dict:
        """The loss by its name.

        Args:
            model: Has ``target_logits(inputs)``.
            inputs: Target images ``(B, 3, H, W)``.
            logits: What the model gives for them, ``(B, C, *spatial)``.
            ignore: Boolean ``(B, *spatial)``, True for pixels that do not count.
        """
        with torch.no_grad():
            shares = class_shares(self.source(model).target_logits(inputs), ignore)
        return {self.loss.loss_name: self.loss(logits, shares, ignore)}


def load_source(model: nn.Module, checkpoint: str | None) -> None:
    """Load all weights of a model from a checkpoint.

    Raises:
        ValueError: If the file cannot be read, or lacks a tensor of the model.
    """
    if checkpoint is None:
        raise ValueError('model.anchor.checkpoint: not given; name the file of the source model')
    if not Path(checkpoint).is_file():
        raise ValueError(f'model.anchor.checkpoint: no file {checkpoint}')
    state = read_state_dict(Path(checkpoint))
    state = {key.removeprefix('module.'): value for key, value in state.items()}
    wanted = model.state_dict()
    # Not used for a prediction: the low level, the networks of methods, and counters that old
    # files lack.
    wrong = [
        key
        for key, value in wanted.items()
        if not key.startswith(('auxiliary_head.', 'methods.'))
        and not key.endswith('num_batches_tracked')
        and (key not in state or state[key].shape != value.shape)
    ]
    if wrong:
        raise ValueError(
            f'model.anchor.checkpoint: {checkpoint} does not fit the model: {len(wrong)} tensors '
            f'are missing or have another shape: {", ".join(wrong[:3])}'
        )
    fitting = {k: v for k, v in state.items() if k in wanted and v.shape == wanted[k].shape}
    model.load_state_dict(fitting, strict=False)
