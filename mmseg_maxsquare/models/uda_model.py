"""Common base of the models that learn from a labelled and an unlabelled domain."""

from contextlib import nullcontext
from typing import Any, Self

from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, OptimWrapperDict
from mmseg.utils import SampleList, add_prefix
from torch import Tensor, nn

from ..methods.method import Predictions
from .build_methods import build_methods, build_target_loss
from .class_share_anchor import ClassShareAnchor
from .fields import build_part
from .guidance import IGNORE_INDEX
from .loss_terms import scaled
from .trained_params import check_trained_params, kept_statistics, train_norms_only
from .uda_data_preprocessor import DOMAINS, UDADataPreprocessor, for_two_domains

# Fields that a plain model does not have.
UDA_FIELDS = (
    'target_loss', 'methods', 'guidance', 'anchor', 'trained_params', 'source_weight',
    'source_statistics',
)  # fmt: skip


class UDAModel(BaseModel):
    """Mixin that adds a loss for unlabelled target images to an mmengine model.

    Goes before the plain model's class in a list of bases. One training step on a
    nested batch of a :class:`UDADataset`: source forward and backward, target
    forward and backward, one optimizer step (Eq. 1); without a source, the target
    alone. So batch norm sees one domain at a time and one graph is alive at a time.
    Parameters have the names of the plain model: checkpoints load either way.
    Validation, test and inference are the plain model's.

    A subclass has ``source_pass(inputs, data_samples)``, which returns the losses of a batch
    of source images and the predictions for them, ``loss_target(inputs, data_samples)``, the
    terms of a batch of target images, ``target_logits(inputs)``, what it predicts for them,
    and ``level_names()``, its heads.

    Args:
        *args: As for the plain model.
        target_loss: Config of the loss on target logits; its ``loss_weight`` is
            lambda_T. None for methods without one. Defaults to None.
        methods: Configs of further methods, each a :class:`Method`. Defaults to None: none.
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
        TypeError: If the preprocessor cannot handle two domains, or there is neither a target
            loss nor a method.
    """

    def __init__(
        self,
        *args: Any,
        target_loss: dict | None = None,
        methods: list[dict] | None = None,
        anchor: dict | None = None,
        trained_params: str = 'all',
        source_weight: float = 1.0,
        source_statistics: bool = True,
        data_preprocessor: dict | nn.Module | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, data_preprocessor=for_two_domains(data_preprocessor), **kwargs)
        if not isinstance(self.data_preprocessor, UDADataPreprocessor):
            raise TypeError(
                'data_preprocessor must be a SegDataPreProcessor config or a UDADataPreprocessor, '
                f'got {type(self.data_preprocessor).__name__}'
            )
        self.target_loss: nn.Module | None = None
        if target_loss is not None:
            self.target_loss = build_target_loss(target_loss)
        self.methods = build_methods(self, methods)
        if self.target_loss is None and not self.methods:
            raise TypeError(
                'model.target_loss: missing; give it, or model.methods, so that the target is used'
            )
        self.anchor: ClassShareAnchor | None = None
        if anchor is not None:
            self.anchor = build_part('model.anchor', anchor, ClassShareAnchor)
        check_trained_params(trained_params)
        self.trained_params = trained_params
        if trained_params == 'norm':
            self._train_norms()  # before an optimizer asks what is trained
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
            self._train_norms()
        return self

    def _train_norms(self) -> None:
        networks = self._modules.pop('methods')  # these are trained whatever the model trains
        try:
            train_norms_only(self)
        finally:
            self._modules['methods'] = networks

    def train_step(
        self, data: dict, optim_wrapper: OptimWrapper | OptimWrapperDict
    ) -> dict[str, Tensor]:
        """One step on both domains; see :meth:`uda_step`."""
        return self.uda_step(self, data, optim_wrapper)

    def uda_step(
        self, model: nn.Module, data: dict, optim_wrapper: OptimWrapper | OptimWrapperDict
    ) -> dict[str, Tensor]:
        """Source and target, each forward and backward, the methods' networks, one update.

        Args:
            model: Runs the forward passes: this model, or a wrapper of it such as
                :class:`UDADistributedDataParallel`.
            data: Collated batch of a :class:`UDADataset`.
            optim_wrapper: Optimizer wrapper; AMP, gradient accumulation and
                clipping apply to the sum of both gradients. With methods that have
                networks of their own a dict of two, ``segmentor`` and ``methods``.

        Returns:
            Values to log: ``loss`` and the terms of both domains.

        Raises:
            TypeError: If the batch lacks a domain that the model needs.
        """
        if not isinstance(data.get('inputs'), dict):
            raise TypeError(
                f'{type(self).__name__} trains on batches of a UDADataset: set '
                "train_dataloader.dataset=dict(type='UDADataset', source=..., target=...)"
            )
        several = isinstance(optim_wrapper, OptimWrapperDict)
        if self.methods.with_optimizer and not several:
            raise TypeError('optim_wrapper: the networks of model.methods have no optimizer')
        self.methods.check_domains(data['inputs'])
        optimizers = list(optim_wrapper.values()) if several else [optim_wrapper]
        data = self.data_preprocessor(data, True)
        log_vars: dict[str, Tensor] = {}
        total = 0.0
        domains = [domain for domain in DOMAINS if domain in data['inputs']]
        for domain in domains:
            part = {key: {domain: value[domain]} for key, value in data.items()}
            kept = domain == 'source' and not self.source_statistics
            statistics = kept_statistics(model) if kept else nullcontext()
            with optimizers[0].optim_context(model), statistics:
                losses = model._run_forward(part, mode='loss')
            parsed = self._backward(losses, optimizers[0], domain == domains[-1])
            total = total + parsed.pop('loss').detach()
            log_vars.update(parsed)
        for domain in domains if several else ():
            with optimizers[1].optim_context(self):
                losses = add_prefix(self.methods.network_terms(domain), domain)
            parsed = self._backward(losses, optimizers[1], domain == domains[-1])
            del parsed['loss']  # the total is the segmentor's
            log_vars.update(parsed)
        if optimizers[0].should_update():
            if hasattr(model, 'average_gradients'):
                model.average_gradients()  # over the ranks of distributed training
            for optimizer in optimizers:
                optimizer.step()
            for optimizer in optimizers:
                optimizer.zero_grad()
        return {'loss': total, **log_vars}

    def _backward(
        self, losses: dict[str, Tensor], optimizer: OptimWrapper, last: bool
    ) -> dict[str, Tensor]:
        """Backward pass of the sum of some losses; returns the values to log."""
        loss, parsed = self.parse_losses(losses)
        optimizer.backward(optimizer.scale_loss(loss))
        if not last:
            # Each backward() counts as a step of gradient accumulation,
            # but only the last one completes a step.
            optimizer._inner_count -= 1
        return parsed

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
            source, seen = self.source_pass(inputs['source'], data_samples['source'])
            source = scaled(source, self.source_weight)
            if seen is not None:
                source.update(self.methods.terms('source', seen))
            losses.update(add_prefix(source, 'source'))
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

    def target_terms(self, logits: Tensor, seen: Predictions) -> dict[str, Tensor]:
        """The target loss and the methods' terms.

        Args:
            logits: What the model predicts, ``(B, C, *spatial)``.
            seen: With the levels that the methods read.
        """
        terms = {}
        if self.target_loss is not None:
            label = None if seen.ignore is None else seen.ignore.long() * IGNORE_INDEX
            loss = self.target_loss(logits, label, ignore_index=IGNORE_INDEX)
            terms[self.target_loss.loss_name] = loss * self.target_weight
        return terms | scaled(self.methods.terms('target', seen), self.target_weight)

    def look_at(self, **seen: Tensor | None) -> None:
        """Store the tensors of this target pass that a hook has requested."""
        if self.snapshot is not None:
            self.snapshot.update(seen)
