"""Common base of the models that learn from a labelled and an unlabelled domain."""

from contextlib import nullcontext
from typing import Any, Self

from mmengine.config.lazy import LazyAttr
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from .class_share_anchor import ClassShareAnchor
from .fields import build_part
from .trained_params import check_trained_params, kept_statistics, train_norms_only
from .uda_data_preprocessor import DOMAINS, UDADataPreprocessor

# Fields that a plain model does not have.
UDA_FIELDS = (
    'target_loss', 'guidance', 'anchor', 'trained_params', 'source_weight', 'source_statistics',
)  # fmt: skip


class UDAModel(BaseModel):
    """Mixin that adds a loss for unlabelled target images to an mmengine model.

    Goes before the plain model's class in a list of bases. One training step on a
    nested batch of a :class:`UDADataset`: source forward and backward, target
    forward and backward, one optimizer step (Eq. 1); without a source, the target
    alone. So batch norm sees one domain at a time and one graph is alive at a time.
    Parameters have the names of the plain model: checkpoints load either way.
    Validation, test and inference are the plain model's.

    A subclass has ``loss_target(inputs, data_samples)``, which returns the terms of
    a batch of target images, and ``target_logits(inputs)``, what it predicts for them.

    Args:
        *args: As for the plain model.
        target_loss: Config of the loss on target logits; its ``loss_weight`` is
            lambda_T.
        anchor: Fields of :class:`ClassShareAnchor`, or None for no anchor. Defaults to
            None.
        trained_params: ``'all'``, or ``'norm'`` for :func:`train_norms_only`. Defaults to
            'all'.
        source_weight: Factor on the source losses, at least 0. Defaults to 1.
        source_statistics: Whether source images, too, update the running statistics of batch
            norms. Defaults to True, as in the released code.
        data_preprocessor: A ``SegDataPreProcessor`` config becomes a
            :class:`UDADataPreprocessor` by itself.
        **kwargs: As for the plain model.

    Attributes:
        target_weight: Factor on all target terms, 1 unless a hook schedules it.
        snapshot: None, or a dict into which the next target pass puts its
            detached ``inputs``, ``logits``, ``guidance`` and ``ignore``.

    Raises:
        ValueError: If mmengine would not sum the target loss, because of its name.
        TypeError: If the preprocessor cannot handle two domains.
    """

    def __init__(
        self,
        *args: Any,
        target_loss: dict,
        anchor: dict | None = None,
        trained_params: str = 'all',
        source_weight: float = 1.0,
        source_statistics: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, data_preprocessor=_for_two_domains(data_preprocessor), **kwargs)
        if not isinstance(self.data_preprocessor, UDADataPreprocessor):
            raise TypeError(
                'data_preprocessor must be a SegDataPreProcessor config or a UDADataPreprocessor, '
                f'got {type(self.data_preprocessor).__name__}'
            )
        self.target_loss = build_part('model.target_loss', target_loss)
        if 'loss' not in self.target_loss.loss_name:
            raise ValueError(
                'model.target_loss: loss_name must contain "loss" to be summed, '
                f'got {self.target_loss.loss_name!r}'
            )
        self.anchor: ClassShareAnchor | None = None
        if anchor is not None:
            self.anchor = build_part('model.anchor', anchor, ClassShareAnchor)
        check_trained_params(trained_params)
        self.trained_params = trained_params
        if trained_params == 'norm':
            train_norms_only(self)  # before an optimizer asks what is trained
        if not source_weight >= 0:
            raise ValueError(f'model.source_weight: must be at least 0, got {source_weight}')
        self.source_weight = source_weight
        self.source_statistics = source_statistics
        self.target_weight = 1.0
        self.snapshot: dict | None = None

    def train(self, mode: bool = True) -> Self:
        """Training mode, in which only the chosen parameters get gradients."""
        super().train(mode)
        if mode and getattr(self, 'trained_params', 'all') == 'norm':
            train_norms_only(self)
        return self

    def train_step(self, data: dict, optim_wrapper: OptimWrapper) -> dict[str, Tensor]:
        """One step on both domains; see :meth:`uda_step`."""
        return self.uda_step(self, data, optim_wrapper)

    def uda_step(
        self, model: nn.Module, data: dict, optim_wrapper: OptimWrapper
    ) -> dict[str, Tensor]:
        """Source and target, each forward and backward, then one update.

        Args:
            model: Runs the forward passes: this model, or a wrapper of it such as
                :class:`UDADistributedDataParallel`.
            data: Collated batch of a :class:`UDADataset`.
            optim_wrapper: Optimizer wrapper; AMP, gradient accumulation and
                clipping apply to the sum of both gradients.

        Returns:
            Values to log: ``loss`` and the terms of both domains.

        Raises:
            TypeError: If the batch does not have two domains.
        """
        if not isinstance(data.get('inputs'), dict):
            raise TypeError(
                f'{type(self).__name__} trains on batches of a UDADataset: set '
                "train_dataloader.dataset=dict(type='UDADataset', source=..., target=...)"
            )
        data = self.data_preprocessor(data, True)
        log_vars: dict[str, Tensor] = {}
        total = 0.0
        domains = [domain for domain in DOMAINS if domain in data['inputs']]
        for domain in domains:
            part = {key: {domain: value[domain]} for key, value in data.items()}
            kept = domain == 'source' and not self.source_statistics
            statistics = kept_statistics(model) if kept else nullcontext()
            with optim_wrapper.optim_context(model), statistics:
                losses = model._run_forward(part, mode='loss')
            loss, parsed = self.parse_losses(losses)
            optim_wrapper.backward(optim_wrapper.scale_loss(loss))
            if domain != domains[-1]:
                # Each backward() counts as a step of gradient accumulation,
                # but only the last one of the two completes a step.
                optim_wrapper._inner_count -= 1
            total = total + parsed.pop('loss').detach()
            log_vars.update(parsed)
        if optim_wrapper.should_update():
            if hasattr(model, 'average_gradients'):
                model.average_gradients()  # over the ranks of distributed training
            optim_wrapper.step()
            optim_wrapper.zero_grad()
        return {'loss': total, **log_vars}

    def loss(self, inputs: dict | Tensor, data_samples: dict | SampleList) -> dict[str, Tensor]:
        """Losses of the domains in a nested batch, one or both.

        Args:
            inputs: Images ``(B, 3, H, W)`` by domain; a plain tensor is processed
                as in mmseg (supervised).
            data_samples: Data samples by domain; labels of the target are not needed
                and not used.

        Returns:
            ``source.*`` and ``target.*`` terms; those with "loss" in the name are summed.
        """
        if not isinstance(inputs, dict):
            return super().loss(inputs, data_samples)
        losses = {}
        if 'source' in inputs:
            source = super().loss(inputs['source'], data_samples['source'])
            losses.update(add_prefix(scaled(source, self.source_weight), 'source'))
        if 'target' in inputs:
            target = self.loss_target(inputs['target'], data_samples['target'])
            losses.update(add_prefix(target, 'target'))
        return losses

    def anchor_term(
        self, inputs: Tensor, logits: Tensor, ignore: Tensor | None = None
    ) -> dict[str, Tensor]:
        """The anchor's loss by its name; nothing without an anchor."""
        if self.anchor is None:
            return {}
        terms = self.anchor.term(self, inputs, logits, ignore)
        return {name: loss * self.target_weight for name, loss in terms.items()}

    def look_at(self, **seen: Tensor | None) -> None:
        """Store the tensors of this target pass that a hook has requested."""
        if self.snapshot is not None:
            self.snapshot.update(seen)


def scaled(losses: dict[str, Any], weight: float) -> dict[str, Any]:
    """Losses times a weight; other values, such as accuracies, are unchanged."""
    if weight == 1:
        return losses
    return {
        name: _times(value, weight) if 'loss' in name else value for name, value in losses.items()
    }


def _times(value: Any, weight: float) -> Any:
    return [loss * weight for loss in value] if isinstance(value, list) else value * weight


def _for_two_domains(preprocessor: dict | nn.Module | None) -> dict | nn.Module:
    """Config of the nested preprocessor for a plain config."""
    if preprocessor is None:
        return dict(type=UDADataPreprocessor)
    if isinstance(preprocessor, dict) and _class_of(preprocessor) is SegDataPreProcessor:
        return {**preprocessor, 'type': UDADataPreprocessor}
    return preprocessor


def _class_of(cfg: dict) -> Any:
    """Class that a config names: by a string, itself, or lazily (pure Python configs)."""
    kind = cfg.get('type')
    kind = kind.build() if isinstance(kind, LazyAttr) else kind
    return MODELS.get(kind) if isinstance(kind, str) else kind
