"""Tries the pipeline and the network on an image before anything starts."""

from pathlib import Path

import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.engine.held_out import scaled
from mmseg_maxsquare.runs.errors import one_line

from .image_sizes import NETWORK_ERRORS
from .pipelines import PIPELINE, built_pipeline


def first_sample(pipeline: list[dict], image: Path) -> dict:
    """An image as the network sees it, ``(channels, height, width)`` in ``inputs``.

    Raises:
        ValueError: If a step of the pipeline cannot be built, or fails.
    """
    transforms = built_pipeline(pipeline)
    try:
        return transforms(dict(img_path=str(image), seg_fields=[]))
    except BadFileError:
        raise
    except Exception as error:  # a step can be anybody's
        raise ValueError(f'{PIPELINE}: fails on {image}: {one_line(error)}') from None


def try_image(model: nn.Module, sample: dict, image: Path) -> None:
    """Raise ``ValueError`` if a model cannot predict an image and its smaller view."""
    model.eval()
    height, width = sample['inputs'].shape[1:]
    try:
        with torch.no_grad():
            inputs = model.data_preprocessor(pseudo_collate([sample]), False)['inputs']
            model.inference_logits(inputs)
            scaled(model, inputs)
    except torch.cuda.OutOfMemoryError:
        raise
    except NETWORK_ERRORS as error:
        raise ValueError(
            f'model: cannot predict {image} at {width} x {height}: {one_line(error, 200)}; give '
            f'another size with --cfg-options {PIPELINE}.N.scale=(WIDTH,HEIGHT)'
        ) from None
