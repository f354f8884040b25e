"""Adapts a model to a folder of images: what the command ``adapt`` does."""

import copy
import sys
import time
from typing import Any

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.config import parse_options
from mmseg_maxsquare.runs.errors import fail, one_line
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.preflight import check_training
from mmseg_maxsquare.runs.train import name_source_model, train, use_amp

from .command_line import again
from .describe import describe_plan
from .folder import Folder
from .options import change_user_config
from .plain_text import plain_text
from .plan import make_plan
from .read_config import read_user_config
from .request import Request
from .result import finish, needs_scores
from .score import labels_of
from .wording import last_words

# What adapt has in place of the options of train.
OPTIONS = {
    '--work-dir': '--out',
    'continue with --resume': 'repeat the command',
    'correct the fields of optim_wrapper.optimizer': 'correct --lr',
}


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
        if folder.finished and not needs_scores(folder, request):
            print('\n'.join(last_words(folder, request)))
            return
        if request.device:
            usable_device(request.device.partition(':')[0])
        cfg, options = read_own(request)
        begun = folder.begun
        if not begun:
            prepare(cfg, request, options, folder)
        elif request.labels is not None:
            labels_of(cfg, request, folder.images())
        if dry_run:
            return
        if not folder.finished:
            run(request, folder, verbose, withdraw=not begun)
        finish(cfg, request, folder, time.time() - started)
    except ValueError as error:
        fail(one_line(error))
    except OSError as error:  # such as a full disk
        place = f'{error.filename}: {error.strerror}' if error.filename else one_line(error)
        fail(f'{place}; the same command goes on when that is mended')
    except (KeyboardInterrupt, SyntaxError) as error:
        if not is_interrupt(error):
            raise
        print(f'\nstopped; this goes on:\n  {again()}', file=sys.stderr)
        sys.exit(130)
    print('\n'.join(last_words(folder, request)))


def is_interrupt(error: BaseException) -> bool:
    """Whether an error is Ctrl-C, which mmengine's printer of configs turns into another one."""
    cause = error.__context__ if isinstance(error, SyntaxError) else error
    return isinstance(cause, KeyboardInterrupt)


def in_words_of_adapt(message: str) -> str:
    """An error of the training with the options of adapt."""
    for theirs, ours in OPTIONS.items():
        message = message.replace(theirs, ours)
    return message


def read_own(request: Request) -> tuple[Config, dict[str, Any]]:
    """The user's config with the options for it, and the other options.

    Fails if the config or the checkpoint is missing.
    """
    cfg = read_user_config(request.config)
    require_checkpoint(request.checkpoint, 'checkpoint', 'give the weights of the model')
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    cfg = Config(plain_text(cfg.to_dict()))
    return cfg, change_user_config(cfg, parse_options(request.options), request)


def prepare(cfg: Config, request: Request, options: dict[str, Any], folder: Folder) -> None:
    """Plan the adaptation, print the plan and write its files."""
    plan = make_plan(cfg, request, options, folder, usable_device(None))
    check_run(plan.config, request, folder)
    print('\n'.join(describe_plan(plan, request)), flush=True)
    folder.begin(request)
    for path, images in ((folder.train, plan.train), (folder.held_out, plan.held_out)):
        folder.write(path, ''.join(f'{image.absolute()}\n' for image in images))
    origin = f'# Made by: {again()}\n# Edit it freely before the run starts.\n'
    folder.write(folder.config, origin + plan.config.pretty_text)


def check_run(config: Config, request: Request, folder: Folder) -> None:
    """Fail now if ``train`` would, as far as can be known without the files of the folder."""
    cfg = Config(copy.deepcopy(config.to_dict()))
    cfg.work_dir, cfg.launcher = str(folder.run), 'none'
    if request.amp:
        use_amp(cfg, request.amp)
    name_source_model(cfg)
    check_training(cfg, resume=False)


def run(request: Request, folder: Folder, verbose: bool, withdraw: bool) -> None:
    """Train, or go on with it.

    Args:
        request: What was asked for.
        folder: Planned.
        verbose: Show the whole log.
        withdraw: Leave nothing behind if the training cannot start.
    """
    folder.diverged.unlink(missing_ok=True)  # of an earlier call
    try:
        train(
            str(folder.config),
            work_dir=str(folder.run),
            resume=True,
            amp=request.amp,
            verbose=verbose,
        )
    except SystemExit as error:
        message = str(error.code)
        diverged = isinstance(error.__context__, FloatingPointError)  # of NonFiniteHook
        if diverged and folder.guard.is_file():
            folder.write(folder.diverged, message)
            return
        if withdraw and not folder.guard.is_file():
            folder.withdraw()
        sys.exit(in_words_of_adapt(message) if isinstance(error.code, str) else error.code)
    except (ValueError, OSError):  # which the caller words, such as a full disk
        raise
    except Exception as error:
        if withdraw and not folder.guard.is_file():
            folder.withdraw()
        if sys.flags.dev_mode or is_interrupt(error):
            raise
        fail(f'{type(error).__name__}: {one_line(error)}; the log is in {folder.run}')
