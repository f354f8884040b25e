"""Predicts a folder of images: what the command ``predict`` does."""

import os
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.load_image import read_photo
from mmseg_maxsquare.engine import check_checkpoint, load_only_safely
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.class_list import class_list, colour
from mmseg_maxsquare.runs.config import merge_options, parse_options
from mmseg_maxsquare.runs.errors import fail, one_line, some
from mmseg_maxsquare.runs.fit import REMEDY, misfit
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.progress import progress

from .command_line import again
from .image_files import find_images
from .image_sizes import pad_as_needed
from .make_config import plain_segmentor
from .network import build
from .outputs import Outputs
from .pipelines import built_pipeline, image_pipeline
from .plain_text import plain_text
from .predict_image import predict_or_why
from .predictions_folder import PredictionsFolder, digest_of_file, digest_of_values
from .read_config import read_user_config
from .words import counted

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

    Images that cannot be read or predicted are named and left out, and the exit status is then 1.

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
    kinds = ['labels', *['overlays'] * overlays, *['probabilities'] * probabilities]
    try:
        cfg = read_user_config(config)
        merge_options(cfg, parse_options(options))
        require_checkpoint(checkpoint, 'checkpoint', 'give the weights of the model')
        init_default_scope(cfg.get('default_scope') or 'mmseg')
        cfg = Config(plain_text(cfg.to_dict()))
        found, left_out = find_images(Path(images))
        sys.stderr.writelines(f'{note}\n' for note in left_out)
        folder = PredictionsFolder(out, Path(images), request_of(cfg, checkpoint, tta, options))
        with writing(out):
            folder.check(resume)
        model = load_model(cfg, checkpoint).to(usable_device(device))
        pad_as_needed(model)
        meta = classes_of(cfg, checkpoint)
        source = Path(images) if Path(images).is_dir() else None
        outputs = Outputs(out, found, source, kinds, meta['palette'])
        reader = Reader(image_pipeline(cfg), overlays)
        facts = dict(config=config, checkpoint=os.path.abspath(checkpoint), **meta)
        with writing(out):
            folder.begin(outputs, facts)
            predict_all(model, reader, outputs, found, tta)
    except ValueError as error:
        fail(one_line(error))
    except KeyboardInterrupt:
        print(f'\nstopped; this goes on:\n  {again("--resume")}', file=sys.stderr)
        sys.exit(130)


def request_of(cfg: Config, checkpoint: str, tta: bool, options: Sequence[str]) -> dict[str, Any]:
    """What decides the predictions for an image, by name."""
    return {
        'options': list(options),
        'tta': tta,
        'contents of the config': digest_of_values(cfg.to_dict()),
        'contents of the checkpoint': digest_of_file(checkpoint),
    }


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Context in which an error of the operating system is one of the folder of the outputs."""
    try:
        yield
    except OSError as error:  # such as a full disk, or a folder that may not be written
        reason = error.strerror or one_line(error)
        fail(f'--out: {out}: {reason}; mend that and go on with --resume, or name another folder')


def predict_all(
    model: nn.Module, reader: 'Reader', outputs: Outputs, images: Sequence[Path], tta: bool
) -> None:
    """Predict the images that are not finished, and say what was done."""
    todo = [image for image in images if not outputs.is_done(image)]
    started = time.time()
    bad = run(model, reader, outputs, todo, tta)
    seconds, done = time.time() - started, len(todo) - bad
    rate = f' ({seconds:.0f} s, {done / max(seconds, 1e-9):.2f} images/s)'
    there = len(images) - len(todo)
    kept = f', {there} {"was" if there == 1 else "were"} there already' if there else ''
    print(f'{counted(done, "image")} predicted in {outputs.root}{kept}{rate}')
    if bad:
        fail(f'{bad} of {counted(len(images), "image")} could not be predicted and are named above')


def load_model(cfg: Config, checkpoint: str) -> nn.Module:
    """The plain model with its weights, in eval mode.

    Raises:
        ValueError: If they do not fit each other, or a weight is not a finite number.
    """
    model = build({**plain_segmentor(cfg), 'auxiliary_head': None})
    found = misfit(checkpoint, model)  # loads what fits
    if found:
        raise ValueError(f'checkpoint: {found}; {REMEDY}')
    broken = [name for name, value in model.named_parameters() if not value.isfinite().all()]
    if broken:
        raise ValueError(
            f'checkpoint: {checkpoint} holds numbers that are not finite in {some(broken, 3)}; '
            'take an earlier one'
        )
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
        self.pipeline = built_pipeline(pipeline)
        self.photos = photos

    def __call__(self, path: Path) -> dict | str:
        """A sample with ``photo``, RGB as viewers show it; or why there is none."""
        try:
            sample = self.pipeline(dict(img_path=str(path), seg_fields=[]))
            if self.photos:
                sample['photo'] = read_photo(path)
        except (BadFileError, OSError) as error:
            return one_line(error)
        except Exception as error:  # a step can be anybody's
            return f'image {path}: the pipeline fails: {one_line(error)}'
        return sample


def run(
    model: nn.Module, reader: Reader, outputs: Outputs, images: Sequence[Path], tta: bool
) -> int:
    """Predict images while others are read and written; returns how many are left out."""
    bad = 0
    writes: deque[Future] = deque()
    with (
        ThreadPoolExecutor(READERS) as readers,
        ThreadPoolExecutor(1) as writer,
        progress('predict', len(images)) as advance,
    ):
        for image, sample in ahead(readers, reader, images):
            probabilities = 'probabilities' in outputs.kinds
            predicted = predict_or_why(model, image, sample, tta, probabilities)
            if isinstance(predicted, str):
                print(f'left out: {predicted}', file=sys.stderr)
                bad += 1
            else:
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
