"""Adapts a model to a folder of images: what the command ``adapt`` does."""

import json
import sys
import time

from mmengine.config import Config

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.errors import fail, one_line
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.train import train

from .command_line import again
from .describe import describe_plan
from .folder import Folder
from .plan import make_plan
from .read_config import read_user_config
from .request import Request
from .result import finish
from .wording import last_words


def adapt(request: Request, dry_run: bool = False, verbose: bool = False) -> None:
    """Adapt a model and judge the result; wrong input ends the program with one line.

    A run that was stopped is resumed by the same call; a finished one is only reported.

    Args:
        request: What to do.
        dry_run: Check everything, write the config and say what would happen.
        verbose: Show the whole log.
    """
    load_only_safely()
    started = time.time()
    folder = Folder(request.folder)
    try:
        request.check()
        folder.check(request)
        if folder.finished:
            print('\n'.join(last_words(folder, request)))
            return
        if request.device:
            usable_device(request.device.partition(':')[0])
        cfg = read_own(request)
        if not folder.begun:
            prepare(cfg, request, folder)
        if dry_run:
            return
        run(request, folder, verbose)
        finish(cfg, request, folder, time.time() - started)
    except ValueError as error:
        fail(one_line(error))
    except KeyboardInterrupt:
        print(f'\nstopped; this goes on:\n  {again()}', file=sys.stderr)
        sys.exit(130)
    print('\n'.join(last_words(folder, request)))


def read_own(request: Request) -> Config:
    """The user's config; fails if it or the checkpoint is missing."""
    cfg = read_user_config(request.config)
    require_checkpoint(request.checkpoint, 'checkpoint', 'give the weights of the model')
    return cfg


def prepare(cfg: Config, request: Request, folder: Folder) -> None:
    """Plan the adaptation, print the plan and write its files."""
    plan = make_plan(cfg, request, folder, usable_device(None))
    print('\n'.join(describe_plan(plan, request)), flush=True)
    for path, images in ((folder.train, plan.train), (folder.held_out, plan.held_out)):
        folder.write(path, ''.join(f'{image.absolute()}\n' for image in images))
    origin = f'# Made by: {again()}\n# Edit it freely before the run starts.\n'
    folder.write(folder.config, origin + plan.config.pretty_text)
    folder.write(folder.record, json.dumps(request.identity(), indent=1))


def run(request: Request, folder: Folder, verbose: bool) -> None:
    """Train, or go on with it."""
    train(
        str(folder.config),
        work_dir=str(folder.run),
        resume=True,
        amp=request.amp,
        verbose=verbose,
    )
