"""Which transforms the pipelines of self-training may have."""

import re
from collections.abc import Sequence

IN_PART = re.compile('Random|Crop|Flip|Rotat|Affine|Pad|Mosaic|CutOut|Distortion')
MOVES = re.compile('Crop|Flip|Rotat|Resize|Affine|Pad|Mosaic|CutOut')
LOADS = re.compile('Load(?!Image|PseudoLabels|StaticMask)')  # labels
PSEUDO = 'LoadPseudoLabels'


def check_pipelines(target: Sequence, labelling: Sequence, prior: Sequence | None) -> None:
    """Check the pipelines of a :class:`SelfTrainingDataset` by the names of their transforms.

    Args:
        target: Of the images to train on.
        labelling: Of the images to predict.
        prior: Of the labels that the spatial prior is counted from, or None.

    Raises:
        ValueError: If labels would be made for a part of an image, pseudo labels would not fit
            their image or be missing, or labels of the target would be read. The message begins
            with the field.
    """
    _check_whole('labelling_pipeline', labelling)
    if prior is not None:
        _check_whole('prior_pipeline', prior)
        if not any(map(LOADS.match, _names(prior))):
            raise ValueError('prior_pipeline: no step loads labels; add LoadAnnotations')
    names = _names(target)
    if PSEUDO not in names:
        raise ValueError(f'target.pipeline: no {PSEUDO}; put it behind the image loader')
    for i, name in enumerate(names):
        if MOVES.search(name) and i < names.index(PSEUDO):
            raise ValueError(
                f'target.pipeline.{i}: {name} moves pixels before {PSEUDO} loads their labels; '
                'put it behind'
            )
        if LOADS.match(name):
            raise ValueError(
                f'target.pipeline.{i}: {name} loads labels of the target, in the place of the '
                'pseudo labels; leave it out'
            )


def _check_whole(field: str, pipeline: Sequence) -> None:
    """A pipeline must give each image whole, and the same in every pass."""
    names = _names(pipeline)
    if not names or 'Pack' not in names[-1]:
        found = names[-1] if names else 'nothing'
        raise ValueError(f'{field}: ends with {found}, expected PackSegInputs; add it')
    for i, name in enumerate(names):
        if IN_PART.search(name):
            raise ValueError(
                f'{field}.{i}: {name} changes images at random or in part, but labels are made for '
                'the whole image; leave it out'
            )


def _names(pipeline: Sequence) -> list[str]:
    """Names of the transforms' classes."""
    kinds = [step.get('type') if isinstance(step, dict) else type(step) for step in pipeline]
    return [(k if isinstance(k, str) else getattr(k, '__name__', '')).split('.')[-1] for k in kinds]
