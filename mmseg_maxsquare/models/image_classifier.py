"""Image classifiers on mmseg backbones, supervised and adaptive (Section 4.3)."""

from typing import Any

from mmengine.model import BaseModel
from mmengine.structures import BaseDataElement
from mmseg.registry import MODELS
from torch import Tensor, nn
from torch.nn import functional as F

from ..methods.method import Predictions
from .uda_model import UDAModel

Samples = list[BaseDataElement]
LEVEL = 'classifier'


@MODELS.register_module()
class ImageClassifier(BaseModel):
    """Backbone, global average pool, linear classifier.

    Args:
        backbone: Config of any mmseg backbone.
        in_channels: Channels of the feature map that is pooled.
        num_classes: C.
        in_index: Index of that map in the backbone's outputs. Defaults to -1, the last.
        data_preprocessor: As for mmseg's models.

    Raises:
        ValueError: If there are fewer than two classes.
    """

    def __init__(
        self,
        backbone: dict,
        in_channels: int,
        num_classes: int,
        in_index: int = -1,
        data_preprocessor: dict | nn.Module | None = None,
    ) -> None:
        # Small initial weights, as usual for a new classifier on a network from ImageNet.
        super().__init__(data_preprocessor, dict(type='Normal', layer='Linear', std=0.01))
        if num_classes < 2:
            raise ValueError(f'model.num_classes must be at least 2, got {num_classes}')
        self.backbone = MODELS.build(backbone)
        self.in_index = in_index
        self.num_classes = num_classes
        self.classifier = nn.Linear(in_channels, num_classes)

    def extract_feat(self, inputs: Tensor) -> Tensor:
        """Pooled features ``(B, in_channels)`` of images ``(B, 3, H, W)``."""
        return self.backbone(inputs)[self.in_index].mean(dim=(2, 3))

    def forward(
        self,
        inputs: Tensor | dict[str, Tensor],
        data_samples: Any = None,
        mode: str = 'tensor',
    ) -> Tensor | dict[str, Tensor] | Samples:
        """Logits, losses or predictions, by mmengine's ``mode``.

        Args:
            inputs: Images ``(B, 3, H, W)``.
            data_samples: One for each image; ``gt_label`` is its class index.
            mode: ``'tensor'``, ``'loss'`` or ``'predict'``.

        Raises:
            ValueError: If the mode is unknown.
        """
        if mode == 'tensor':
            return self.classifier(self.extract_feat(inputs))
        if mode == 'loss':
            return self.loss(inputs, data_samples)
        if mode == 'predict':
            return self.predict(inputs, data_samples)
        raise ValueError(f"mode must be 'tensor', 'loss' or 'predict', got {mode!r}")

    def loss(self, inputs: Tensor, data_samples: Samples) -> dict[str, Tensor]:
        """Cross entropy ``loss_ce``, and ``acc``, the accuracy of the batch in percent."""
        return self.loss_of(self.classifier(self.extract_feat(inputs)), data_samples)

    def loss_of(self, logits: Tensor, data_samples: Samples) -> dict[str, Tensor]:
        """The same, from logits ``(B, C)``."""
        labels = logits.new_tensor([sample.gt_label for sample in data_samples]).long()
        accuracy = (logits.argmax(1) == labels).float().mean() * 100
        return dict(loss_ce=F.cross_entropy(logits, labels), acc=accuracy)

    def predict(self, inputs: Tensor, data_samples: Samples) -> Samples:
        """The samples with ``pred_score``, the probabilities ``(C,)`` of the classes."""
        scores = self.classifier(self.extract_feat(inputs)).softmax(1)
        for sample, score in zip(data_samples, scores, strict=True):
            sample.pred_score = score
        return data_samples


@MODELS.register_module()
class UDAImageClassifier(UDAModel, ImageClassifier):
    """An :class:`ImageClassifier` with a loss for unlabelled target images.

    :class:`UDAModel` describes the training; the target losses treat its ``(B, C)``
    logits as images without spatial axes.

    Args:
        *args: As for :class:`ImageClassifier`.
        **kwargs: As for :class:`UDAModel` and :class:`ImageClassifier`.
    """

    def source_pass(
        self, inputs: Tensor, data_samples: Samples
    ) -> tuple[dict[str, Tensor], Predictions]:
        """Losses of source images ``(B, 3, H, W)``, and the predictions for them."""
        features = self.extract_feat(inputs)
        logits = self.classifier(features)
        seen = Predictions({LEVEL: logits.detach()}, [features])
        return self.loss_of(logits, data_samples), seen

    def loss_target(self, inputs: Tensor, data_samples: Samples) -> dict[str, Tensor]:
        """Unsupervised terms of target images ``(B, 3, H, W)``; no label is looked at."""
        features = self.extract_feat(inputs)
        logits = self.classifier(features)
        self.look_at(inputs=inputs, logits=logits.detach(), guidance=None, ignore=None)
        terms = self.target_terms(logits, Predictions({LEVEL: logits}, [features]))
        return {**terms, **self.anchor_term(inputs, logits)}

    def target_logits(self, inputs: Tensor) -> Tensor:
        """Logits ``(B, C)`` for images ``(B, 3, H, W)``."""
        return self.classifier(self.extract_feat(inputs))

    def level_names(self) -> list[str]:
        """Names of the parts that predict."""
        return [LEVEL]
