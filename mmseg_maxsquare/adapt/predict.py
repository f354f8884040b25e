"""Predicts a folder of images: what the command ``predict`` does."""

import json
import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmseg.registry import DATASETS
from torch import Tensor, nn

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.engine import check_checkpoint, load_only_safely
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.class_list import class_list, colour
from mmseg_maxsquare.runs.config import merge_options, parse_options
from mmseg_maxsquare.runs.errors import fail, one_line
from mmseg_maxsquare.runs.fit import REMEDY, misfit
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.progress import progress

from .image_files import find_images
from .make_config import plain_segmentor
from .network import build
from .outputs import Outputs, Predicted
from .pipelines import image_pipeline
from .plain_text import plain_text
from .read_config import read_user_config

RECORD = 'predictions.json'
READERS = 2
AHEAD = 4  # images in memory before and after the network


def predict(
    config: str,
    checkpoint: str,
    images: str,
    out: Path,
    overlays: bool = True,
    probabilities: bool = False,
    tta: bool = False,
    resume: bool = False,
    device: str | None = None,
    options: Sequence[str] = (),
) -> None:
    """Write the predictions of a model for images; wrong input ends the program with one line.

    Images that cannot be read are named and left out, and the exit status is then 1.

    Args:
        config: mmseg config of the model: path or shipped name.
        checkpoint: Its weights.
        images: Folder of images, one image, or a text file of paths.
        out: Folder of the outputs.
        overlays: Also write the images blended with the colours of their classes.
        probabilities: Also write the probabilities.
        tta: Average over each image and its mirror image.
        resume: Go on with a folder, and leave finished images alone.
        device: Where the model runs. Defaults to the accelerator, if there is one.
        options: Overrides of the config, ``field=value``.
    """
    load_only_safely()
    cfg = read_user_config(config)
    merge_options(cfg, parse_options(options))
    require_checkpoint(checkpoint, 'checkpoint', 'give the weights of the model')
    request = dict(config=config, checkpoint=str(Path(checkpoint).resolve()), tta=tta)
    try:
        found, left_out = find_images(Path(images))
        sys.stderr.writelines(f'{note}\n' for note in left_out)
        check_folder(out, Path(images), resume, request)
        init_default_scope(cfg.get('default_scope') or 'mmseg')
        cfg = Config(plain_text(cfg.to_dict()))
        model = load_model(cfg, checkpoint).to(usable_device(device))
        meta = classes_of(cfg, checkpoint)
        kinds = ['labels', *['overlays'] * overlays, *['probabilities'] * probabilities]
        folder = Path(images) if Path(images).is_dir() else None
        outputs = Outputs(out, found, folder, kinds, meta['palette'])
        reader = Reader(image_pipeline(cfg), overlays)
    except ValueError as error:
        fail(one_line(error))
    out.mkdir(parents=True, exist_ok=True)
    (out / RECORD).write_text(json.dumps({**request, **meta}, indent=1), encoding='utf-8')
    todo = [image for image in found if not outputs.is_done(image)]
    started = time.time()
    try:
        bad = run(model, reader, outputs, todo, tta)
    except OSError as error:  # such as a full disk
        fail(f'--out: {out}: {error.strerror}; go on with --resume when that is mended')
    seconds, done = time.time() - started, len(todo) - bad
    rate = f' ({seconds:.0f} s, {done / max(seconds, 1e-9):.2f} images/s)'
    kept = f', {len(found) - len(todo)} were there already' if len(todo) < len(found) else ''
    print(f'{done} images predicted in {out}{kept}{rate}')
    if bad:
        fail(f'{bad} of {len(found)} images could not be read; they are named above')


def check_folder(out: Path, images: Path, resume: bool, request: dict) -> None:
    """Raise ``ValueError`` unless the outputs may be written to a folder."""
    place, source = Path(os.path.realpath(out)), Path(os.path.realpath(images))
    if images.is_dir() and place.is_relative_to(source):
        raise ValueError(
            f'--out: {out} lies inside {images}, so that predictions would be taken for images; '
            'name another folder'
        )
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    if not (out / RECORD).is_file():
        raise ValueError(f'--out: {out} exists and holds no predictions; name a new folder')
    if not resume:
        raise ValueError(
            f'--out: {out} holds predictions, which are never overwritten; go on with --resume, or '
            'name another folder'
        )
    then = json.loads((out / RECORD).read_text(encoding='utf-8'))
    changed = [key for key, value in request.items() if then.get(key) != value]
    if changed:
        raise ValueError(
            f'--out: {out} holds predictions with another {changed[0]} ({then.get(changed[0])}); '
            'name another folder'
        )


def load_model(cfg: Config, checkpoint: str) -> nn.Module:
    """The plain model with its weights, in eval mode.

    Raises:
        ValueError: If they do not fit each other.
    """
    model = build({**plain_segmentor(cfg), 'auxiliary_head': None})
    found = misfit(checkpoint, model)  # loads what fits
    if found:
        raise ValueError(f'checkpoint: {found}; {REMEDY}')
    return model.eval()


def classes_of(cfg: Config, checkpoint: str) -> dict[str, Any]:
    """Classes and palette; numbers if neither checkpoint nor config has names."""
    try:
        return class_list(cfg, check_checkpoint(checkpoint).get('meta') or {})
    except ValueError as error:
        head = cfg.model.decode_head
        count = (head[-1] if isinstance(head, list | tuple) else head)['num_classes']
        print(f'note: {one_line(error)}; the classes are numbered', file=sys.stderr)
        return dict(
            classes=[f'class {i}' for i in range(count)], palette=[colour(i) for i in range(count)]
        )


class Reader:
    """Reads an image and prepares it for the network.

    Args:
        pipeline: Of the images.
        photos: Whether the photographs are wanted, too.
    """

    def __init__(self, pipeline: list[dict], photos: bool) -> None:
        dataset = dict(type='ImageFolderDataset', data_root='.', pipeline=pipeline)
        self.pipeline = DATASETS.build({**dataset, 'lazy_init': True}).pipeline
        self.photos = photos

    def __call__(self, path: Path) -> dict | str:
        """A sample with ``photo``, RGB as viewers show it; or why it cannot be read."""
        try:
            sample = self.pipeline(dict(img_path=str(path), seg_fields=[]))
        except (BadFileError, OSError) as error:
            return one_line(error)
        if self.photos:
            sample['photo'] = cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1].copy()
        return sample


def run(
    model: nn.Module, reader: Reader, outputs: Outputs, images: Sequence[Path], tta: bool
) -> int:
    """Predict images while others are read and written; returns how many are unreadable."""
    bad = 0
    writes: deque[Future] = deque()
    with (
        ThreadPoolExecutor(READERS) as readers,
        ThreadPoolExecutor(1) as writer,
        progress('predict', len(images)) as advance,
    ):
        for image, sample in ahead(readers, reader, images):
            if isinstance(sample, str):
                print(f'left out: {sample}', file=sys.stderr)
                bad += 1
            else:
                predicted = predict_one(model, sample, tta, 'probabilities' in outputs.kinds)
                writes.append(writer.submit(outputs.write, image, predicted))
                while len(writes) > AHEAD or (writes and writes[0].done()):
                    writes.popleft().result()
            advance()
        for write in writes:
            write.result()
    return bad


def ahead(
    pool: ThreadPoolExecutor, read: Reader, images: Sequence[Path]
) -> Iterator[tuple[Path, dict | str]]:
    """Images and their samples, a few of which are read in advance."""
    waiting: deque[tuple[Path, Future]] = deque()
    for image in images:
        waiting.append((image, pool.submit(read, image)))
        if len(waiting) > AHEAD:
            first, future = waiting.popleft()
            yield first, future.result()
    for first, future in waiting:
        yield first, future.result()


def predict_one(model: nn.Module, sample: dict, tta: bool, probabilities: bool) -> Predicted:
    """The prediction for a sample, decided as mmseg does."""
    photo = sample.pop('photo', None)
    with torch.no_grad():
        batch = model.data_preprocessor(pseudo_collate([sample]), False)
        metas = [each.metainfo for each in batch['data_samples']]
        logits = model.inference(batch['inputs'], metas)
        if tta:
            mirrored = model.inference(batch['inputs'].flip(3), metas).flip(3)
            logits = mean_prediction(logits, mirrored)
        found = model.postprocess_result(logits, batch['data_samples'])[0]
    labels = found.pred_sem_seg.data[0].byte().cpu().numpy()
    scores = _probabilities(found.seg_logits.data) if probabilities else None
    return Predicted(labels, photo, scores if scores is None else scores.half().cpu().numpy())


def mean_prediction(logits: Tensor, others: Tensor) -> Tensor:
    """Logits of the mean probabilities of two predictions ``(B, C, H, W)``."""
    if logits.shape[1] == 1:
        return ((logits.sigmoid() + others.sigmoid()) / 2).logit()
    return torch.logsumexp(torch.stack([logits.log_softmax(1), others.log_softmax(1)]), 0)


def _probabilities(scores: Tensor) -> Tensor:
    """``(C, H, W)`` of mmseg's result, which for a single output is a probability already."""
    if scores.shape[0] == 1:
        return torch.cat([1 - scores, scores])
    return scores.softmax(0)
