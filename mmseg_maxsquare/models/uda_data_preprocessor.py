"""Preprocessing of batches that hold two domains."""

from typing import Any

from mmengine.config.lazy import LazyAttr
from mmseg.models import SegDataPreProcessor
from mmseg.registry import MODELS
from torch import nn

DOMAINS = ('source', 'target')


@MODELS.register_module()
class UDADataPreprocessor(SegDataPreProcessor):
    """mmseg's preprocessor, applied separately to each domain of a nested batch.

    A batch with ``inputs`` (and ``data_samples``) of the form
    ``dict(source=..., target=...)``, or of one of the two, keeps that form; any other batch, as in
    validation and inference, is treated as mmseg does. Takes the arguments of
    :class:`SegDataPreProcessor`; with neither ``size`` nor ``size_divisor``, the
    images of a training batch are padded to the largest one.
    """

    def __init__(
        self, size: tuple | None = None, size_divisor: int | None = None, **kwargs: Any
    ) -> None:
        if size is None and size_divisor is None:
            size_divisor = 1
        super().__init__(size=size, size_divisor=size_divisor, **kwargs)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Padded, normalised batch on the model's device, in the form of ``data``."""
        if not isinstance(data['inputs'], dict):
            return super().forward(data, training)
        domains = {
            domain: super(UDADataPreprocessor, self).forward(
                {key: value[domain] for key, value in data.items()}, training
            )
            for domain in DOMAINS
            if domain in data['inputs'] or domain == 'target'
        }
        return {
            key: {domain: batch[key] for domain, batch in domains.items()}
            for key in ('inputs', 'data_samples')
        }


def for_two_domains(preprocessor: dict | nn.Module | None) -> dict | nn.Module:
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
