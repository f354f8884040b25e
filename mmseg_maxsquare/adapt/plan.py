"""Plans an adaptation: reads and checks all input, and chooses sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import nn

from mmseg_maxsquare.engine import GuardHook, check_checkpoint
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.fit import load_fitting

from .cost import BATCH, Cost, budget_of, fitting_crop, measure
from .folder import Folder
from .hold_out import LEAST, hold_out
from .image_files import find_images
from .image_sizes import divisor_of, pad_to_multiples
from .make_config import LOOK_EVERY, Images, adaptation_config, adapting_model
from .network import build, check_weights
from .options import change_made_config
from .pipelines import crop_of, image_pipeline, training_pipeline
from .read_images import Readable, read_all
from .request import Request
from .score import labels_of
from .source_data import check_source, without_unread_validation
from .trial import first_sample, try_image

LOOKS = 12  # most images that the guard looks at
VIEWS = 3.6  # forward passes for each of them: plain, mirror, scale, blur
LOOK_SHARE = 0.25  # of the time
LEAST_READ = 200  # images, if there are as many


@dataclass(frozen=True)
class Plan:
    """An adaptation that can start.

    Attributes:
        config: For the command ``train``.
        train: Images to train on.
        held_out: Images to look at.
        read: All images that were read.
        found: Number of images that were found.
        looks: Number of images that the guard looks at.
        size: (height, width) that the network sees.
        crop: (height, width) of a training image.
        wanted: The crop of the config, if memory did not suffice for it.
        model: The model to adapt, with the checkpoint's weights.
        seconds: Estimated time.
        notes: Warnings.
    """

    config: Config
    train: list[Path]
    held_out: list[Path]
    read: Readable
    found: int
    looks: int
    size: tuple[int, int]
    crop: tuple[int, int]
    wanted: tuple[int, int]
    model: nn.Module
    seconds: float
    notes: list[str]


def make_plan(
    cfg: Config, request: Request, options: dict, folder: Folder, device: torch.device
) -> Plan:
    """Read all input of an adaptation.

    Args:
        cfg: The user's config, with the options for it; see :func:`change_user_config`.
        request: What was asked for.
        options: The other options.
        folder: Where the lists will be written.
        device: Where it will run.

    Raises:
        ValueError: If something does not fit; the message is one line.
    """
    meta = classes_of(cfg, request)
    notes = check_weights(cfg, request)
    if request.with_source:
        check_source(cfg)
    model = load_fitting(request.checkpoint, build(adapting_model(cfg, request)))
    found, left_out = find_images(Path(request.target))
    notes += left_out
    read = read_all(evenly(listable(found, notes), max(LEAST_READ, BATCH * request.steps)))
    train, held_out = hold_out(sorted(read.paths, key=lambda path: (path.parent, path.name)))
    if request.labels is not None:
        labels_of(cfg, request, [path.absolute() for path in read.paths])
    look = image_pipeline(cfg)
    sample = first_sample(look, held_out[0])
    channels, height, width = map(int, sample['inputs'].shape)
    size = height, width
    divisor = divisor_of(model, channels)
    preprocessor = dict(cfg.model.get('data_preprocessor') or {})
    cfg.model.data_preprocessor = pad_to_multiples(preprocessor, divisor)
    if divisor > 1:
        notes.append(f'the network needs sides that are multiples of {divisor}: images are padded')
    wanted = crop_of(cfg) or size
    wanted = min(wanted[0], size[0]), min(wanted[1], size[1])
    cost = measure(build(adapting_model(cfg, request)), device, wanted, channels)
    crop = fitting_crop(wanted, cost, budget_of(device))
    notes += [*read.notes(), *scale_notes(look, read)]
    images_cfg = Images(
        folder.train,
        folder.held_out,
        look,
        training_pipeline(look, crop if crop != size else None),
        looks_of(size, crop, len(held_out)),
        meta,
    )
    if request.with_source:
        notes += without_unread_validation(cfg)
    config = adaptation_config(cfg, request, images_cfg)
    change_made_config(config, options, cfg)
    try_image(build({**config.model.to_dict(), 'anchor': None}).to(device), sample, held_out[0])
    looks = looked_at(config, len(held_out))
    seconds = estimate(cost, request.steps, crop, size, looks)
    return Plan(
        config, train, held_out, read, len(found), looks, size, crop, wanted, model, seconds, notes
    )


def classes_of(cfg: Config, request: Request) -> dict[str, Any]:
    """Classes and palette of the model.

    Raises:
        ValueError: If there is no class list, or not from 2 to 256 classes.
    """
    meta = class_list(cfg, check_checkpoint(request.checkpoint).get('meta') or {})
    count = len(meta['classes'])
    if not 2 <= count <= 256:
        raise ValueError(
            f'model.decode_head.num_classes is {count}: adapt needs 2 to 256 classes; a model that '
            'tells one class from the rest has num_classes=2 and out_channels=1'
        )
    return meta


def listable(paths: Sequence[Path], notes: list[str]) -> list[Path]:
    """The paths that can be a line of a text file; adds a note on the others.

    Raises:
        ValueError: If there is none.
    """
    good = [path for path in paths if _is_line(str(path.resolve()))]
    others = [ascii(str(path)) for path in paths if not _is_line(str(path.resolve()))]
    if not good:
        raise ValueError(
            f'target: no image has a name that can be a line of a list: {others[0]}; rename them'
        )
    if others:
        notes.append(
            f'left out: {len(others)} images with names that cannot be lines of a list in UTF-8, '
            f'such as {others[0]}'
        )
    return good


def _is_line(text: str) -> bool:
    surrogates = any('\ud800' <= letter <= '\udfff' for letter in text)  # of other encodings
    return not surrogates and '\n' not in text and '\r' not in text


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """At most ``count`` of some paths, evenly spaced."""
    if len(paths) <= count:
        return list(paths)
    return [paths[i * len(paths) // count] for i in range(count)]


def scale_notes(pipeline: list[dict], read: Readable) -> list[str]:
    """A warning if the photographs have quite another size than the config is made for."""
    scales = [step['scale'] for step in pipeline if isinstance(step.get('scale'), list | tuple)]
    if not scales:
        return []
    expected, found = max(scales[0]), max(read.median_size())
    if not 0.5 <= found / expected <= 2:
        return [
            f'the images are {found} pixels wide, the config is made for {expected}: they are '
            'resized, and objects may have another size than in the training data'
        ]
    return []


def looks_of(size: tuple[int, int], crop: tuple[int, int], held_out: int) -> int:
    """Images to look at, so that looks take at most a quarter of the time; at least four.

    A step takes about four forward passes for each training image.
    """
    training = LOOK_EVERY * BATCH * 4 * crop[0] * crop[1]
    look = VIEWS * size[0] * size[1]
    affordable = int(LOOK_SHARE / (1 - LOOK_SHARE) * training / look)
    return min(held_out, LOOKS, max(LEAST, affordable))


def looked_at(config: Config, held_out: int) -> int:
    """Number of images that the guard of an adaptation's config looks at."""
    default = signature(GuardHook).parameters['images'].default  # if the user takes it out
    return min(held_out, config.custom_hooks[0].get('images', default))


def estimate(
    cost: Cost, steps: int, crop: tuple[int, int], size: tuple[int, int], looks: int
) -> float:
    """Seconds of an adaptation."""
    step = cost.seconds * BATCH * crop[0] * crop[1]
    look = cost.forward * VIEWS * looks * size[0] * size[1]
    return steps * step + (steps / LOOK_EVERY + 2) * look + 10
