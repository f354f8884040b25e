"""Plans an adaptation: reads and checks all input, and chooses sizes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS, MODELS
from torch import nn

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.runs.class_list import class_list
from mmseg_maxsquare.runs.config import check_data_roots, merge_options, parse_options
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, fail, one_line
from mmseg_maxsquare.runs.fit import misfit

from .cost import BATCH, Cost, budget_of, fitting_crop, measure
from .folder import Folder
from .hold_out import hold_out
from .image_files import find_images
from .labels import find_labels
from .make_config import LOOK_EVERY, Images, adaptation_config, adapting_model, plain_segmentor
from .pipelines import crop_of, image_pipeline, training_pipeline
from .plain_text import plain_text
from .read_images import Readable, read_all
from .request import Request

LOOKS = 12  # images that the guard looks at
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
    size: tuple[int, int]
    crop: tuple[int, int]
    wanted: tuple[int, int]
    model: nn.Module
    seconds: float
    notes: list[str]


def make_plan(cfg: Config, request: Request, folder: Folder, device: torch.device) -> Plan:
    """Read all input of an adaptation.

    Args:
        cfg: The user's config.
        request: What was asked for.
        folder: Where the lists will be written.
        device: Where it will run.

    Raises:
        ValueError: If something does not fit; the message is one line.
    """
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    cfg = Config(plain_text(cfg.to_dict()))
    checkpoint = check_checkpoint(request.checkpoint)
    notes = check_weights(cfg, request)
    meta = class_list(cfg, checkpoint.get('meta') or {})
    if request.with_source:
        check_source(cfg)
    model = build(adapting_model(cfg, request))
    misfit(request.checkpoint, model)  # loads what fits
    found, left_out = find_images(Path(request.target))
    notes += left_out
    read = read_all(evenly(found, max(LEAST_READ, BATCH * request.steps)))
    train, held_out = hold_out(read.paths)
    if request.labels is not None:
        find_labels(cfg, request.labels, read.paths, Path(request.target), meta)
    look = image_pipeline(cfg)
    size = network_size(look, held_out[0])
    wanted = crop_of(cfg) or size
    wanted = min(wanted[0], size[0]), min(wanted[1], size[1])
    cost = measure(build(adapting_model(cfg, request)), device, wanted)
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
    config = adaptation_config(cfg, request, images_cfg)
    merge_options(config, parse_options(request.options))
    seconds = estimate(cost, request.steps, crop, size, images_cfg.looks)
    return Plan(
        config, train, held_out, read, len(found), size, crop, wanted, model, seconds, notes
    )


def check_weights(cfg: Config, request: Request) -> list[str]:
    """Check that the checkpoint fits the model; a note if auxiliary heads alone do not.

    Raises:
        ValueError: If it does not fit.
    """
    model = plain_segmentor(cfg)
    found = misfit(request.checkpoint, build({**model, 'auxiliary_head': None}))
    if found:
        raise ValueError(f'checkpoint: {found}; give the config that trained it')
    if model.get('auxiliary_head') and misfit(request.checkpoint, build(model)):
        return ['weights of auxiliary heads do not fit the config; tolerated, they are not used']
    return []


def build(model: dict) -> nn.Module:
    """A model on the CPU.

    Raises:
        ValueError: If it cannot be built.
    """
    try:
        return MODELS.build(ConfigDict(model))
    except BUILD_ERRORS as error:
        text = one_line(error)
        raise ValueError(text if text.startswith('model.') else f'model: {text}') from None


def check_source(cfg: Config) -> None:
    """Fail if the training data of the config are not on this disk."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if not isinstance(dataset, dict):
        fail('--with-source: the config has no train_dataloader.dataset; use --source-free')
    try:
        check_data_roots(dataset, 'train_dataloader.dataset')
        DATASETS.build(ConfigDict(dataset))
    except SystemExit as error:
        fail(f'--with-source: {str(error).removeprefix("error: ")}; or use --source-free')
    except BUILD_ERRORS as error:
        fail(
            f'--with-source: the training data of the config cannot be read: {one_line(error)}; '
            'put them there, or use --source-free'
        )


def evenly(paths: Sequence[Path], count: int) -> list[Path]:
    """At most ``count`` of some paths, evenly spaced."""
    if len(paths) <= count:
        return list(paths)
    return [paths[i * len(paths) // count] for i in range(count)]


def network_size(pipeline: list[dict], image: Path) -> tuple[int, int]:
    """(height, width) of an image as the network sees it."""
    dataset = DATASETS.build(
        dict(type='ImageFolderDataset', data_root=str(image.parent), pipeline=pipeline)
    )
    inputs = dataset.pipeline(dict(img_path=str(image), seg_fields=[]))['inputs']
    return int(inputs.shape[1]), int(inputs.shape[2])


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
    """Images to look at, so that looks take at most a quarter of the time.

    A step takes about four forward passes for each training image.
    """
    training = LOOK_EVERY * BATCH * 4 * crop[0] * crop[1]
    look = VIEWS * size[0] * size[1]
    affordable = int(LOOK_SHARE / (1 - LOOK_SHARE) * training / look)
    return max(1, min(LOOKS, held_out, affordable))


def estimate(
    cost: Cost, steps: int, crop: tuple[int, int], size: tuple[int, int], looks: int
) -> float:
    """Seconds of an adaptation."""
    step = cost.seconds * BATCH * crop[0] * crop[1]
    look = cost.forward * VIEWS * looks * size[0] * size[1]
    return steps * step + (steps / LOOK_EVERY + 2) * look + 10
