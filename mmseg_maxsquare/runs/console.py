"""Terminal output of a run; its log file always holds everything."""

import io
import itertools
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from mmengine.dist import is_main_process
from mmengine.hooks import Hook, LoggerHook
from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from rich.progress import Progress, TaskID
from torch import nn

from mmseg_maxsquare.engine.method_optimizers import by_name

from .progress import add_bar, advance_bar, new_bars

# Where mmengine logs the records that are shown besides warnings: (module, function).
SHOWN = {
    ('logger_hook', 'after_val_epoch'),
    ('logger_hook', 'after_test_epoch'),
    ('runner', 'resume'),
}


# Warnings of the stack about its own internals, which a user cannot act on.
NOISE = (
    'The prefix is not set', '"FileClient" will be', '"HardDiskBackend" is',
    'is skipped since its requires_grad=False',
)  # fmt: skip

# Logged for every parameter that is not trained.
FROZEN = 'is skipped since its requires_grad=False'


class SeparateRunner(Runner):
    """mmengine's runner whose log, scalars and pictures go to its own work dir.

    mmengine keeps loggers, message hubs and visualizers by name, and names runs by the second of
    their start: a second run in the process would write into the folder of the first.
    """

    _started = itertools.count(1)

    def __init__(self, *args: Any, experiment_name: str | None = None, **kwargs: Any) -> None:
        file = getattr(kwargs.get('cfg'), 'filename', None)
        name, number = experiment_name or Path(file or 'run').stem, next(self._started)
        super().__init__(*args, experiment_name=f'{name}_{number}', **kwargs)

    def build_visualizer(self, visualizer: Visualizer | dict | None = None) -> Visualizer:
        """See :class:`mmengine.runner.Runner`; the visualizers of configs share one name."""
        if isinstance(visualizer, dict):
            visualizer = {**visualizer, 'name': self.experiment_name}
        return super().build_visualizer(visualizer)

    def test(self) -> dict[str, float]:
        """See :class:`mmengine.runner.Runner`; only the first process writes the JSON file.

        mmengine has all processes write the same file at once, which can tear it.
        """
        if not is_main_process():
            for hook in [h for h in self.hooks if isinstance(h, LoggerHook)]:
                hook.after_test_epoch = _log_after_test
        return super().test()


def _log_after_test(runner: Runner, metrics: dict | None = None) -> None:
    """What the logger hook does without writing: in its log, the processes share their memory."""
    batches = len(runner.test_dataloader)
    runner.log_processor.get_log_after_epoch(runner, batches, 'test', with_non_scalar=True)


class QuietRunner(SeparateRunner):
    """A runner with a short terminal output.

    The config, the environment, the settings of every parameter and the regular line of
    every few steps are not shown; they are in the log file.
    """

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """See :class:`mmengine.runner.Runner`."""
        logger = super().build_logger(*args, **kwargs)
        for handler in [h for h in logger.handlers if type(h) is logging.StreamHandler]:
            logger.removeHandler(handler)
            logger.addHandler(TerminalHandler(handler.level))
        return logger

    def load_checkpoint(self, *args: Any, **kwargs: Any) -> dict:
        """See there; what mmengine prints about tensors that differ goes to the log file.

        The checks before a run have already compared the checkpoint with the model.
        """
        printed = io.StringIO()
        with redirect_stdout(printed):
            checkpoint = super().load_checkpoint(*args, **kwargs)
        source, *others = printed.getvalue().split('The model and loaded state dict')
        print(source, end='')
        self.logger.info(' '.join(others))
        return checkpoint


class TerminalHandler(logging.Handler):
    """Prints warnings, results and records that this package marks as ``shown``.

    The stream is looked up each time: a progress bar replaces it.
    """

    def __init__(self, level: int = logging.NOTSET) -> None:
        super().__init__(level)
        self.addFilter(is_shown)

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, with its level if it is a warning or an error."""
        level = '' if record.levelno < logging.WARNING else f'{record.levelname.lower()}: '
        print(f'{level}{record.getMessage()}', file=sys.stdout, flush=True)


def is_shown(record: logging.LogRecord) -> bool:
    """Whether a record is shown on a quiet terminal."""
    message = record.getMessage()
    if record.levelno >= logging.WARNING or getattr(record, 'shown', False):
        return not message.startswith(NOISE) and not message.endswith(FROZEN)
    is_table = message.lstrip().startswith('+-')  # of mmseg's metrics
    return is_table or (record.module, record.funcName) in SHOWN


@contextmanager
def progress_of(runner: Runner, verbose: bool) -> Iterator[None]:
    """Show the progress of a run during a context.

    Args:
        runner: The runner.
        verbose: Show no progress, since the terminal gets the whole log.
    """
    if verbose or not is_main_process():
        yield
        return
    with new_bars() as bars:
        runner.register_hook(ProgressHook(bars), priority='LOWEST')
        yield


class ProgressHook(Hook):
    """Progress bars of training, validation and test; a summary before a training.

    Args:
        bars: Where they are drawn.
    """

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.steps: TaskID | None = None
        self.scoring: TaskID | None = None

    def before_train(self, runner: Runner) -> None:
        """Print the model's data, work dir and learning rates."""
        for line in about(runner):
            runner.logger.info(line, extra=dict(shown=True))
        self.steps = add_bar(self.bars, 'train', runner.max_iters, runner.iter)

    def after_train_iter(self, runner: Runner, *args: Any, **kwargs: Any) -> None:
        """Advance the bar by one step."""
        if self.steps is not None:
            loss = runner.message_hub.get_scalar('train/loss').current()
            advance_bar(self.bars, self.steps, note=f'loss {loss:.4g}')

    def before_val_epoch(self, runner: Runner) -> None:
        """Add a bar for a validation."""
        self.scoring = add_bar(self.bars, 'validate', len(runner.val_dataloader))

    def before_test_epoch(self, runner: Runner) -> None:
        """Add a bar for a test."""
        self.scoring = add_bar(self.bars, 'test', len(runner.test_dataloader))

    def after_val_iter(self, *args: Any, **kwargs: Any) -> None:
        """Advance the bar by one batch."""
        if self.scoring is not None:
            advance_bar(self.bars, self.scoring)

    after_test_iter = after_val_iter

    def after_val_epoch(self, *args: Any, **kwargs: Any) -> None:
        """Remove the bar of a validation and print the result."""
        if self.scoring is not None:
            self.bars.remove_task(self.scoring)
            self.scoring = None

    after_test_epoch = after_val_epoch


def about(runner: Runner) -> list[str]:
    """Work dir, numbers of images and learning rates of a training, one line each."""
    images = [f'{len(runner.train_dataloader.dataset)} training samples']
    if runner.val_loop is not None:
        images.append(f'{len(runner.val_dataloader.dataset)} for validation')
    wrappers = by_name(runner.optim_wrapper).values()
    rates = [line for one in wrappers for line in describe_rates(one, runner.model)]
    return [f'work dir: {runner.work_dir}', f'data: {", ".join(images)}', *rates]


def describe_rates(wrapper: OptimWrapper, model: nn.Module) -> list[str]:
    """One line per learning rate and weight decay, with the modules that use them."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    groups: dict[tuple[float, float], list[str]] = {}
    for group in wrapper.optimizer.param_groups:
        rate = group.get('initial_lr', group['lr'])
        key = (rate, group.get('weight_decay', 0.0))
        trained = [names[id(p)] for p in group['params'] if p.requires_grad]
        groups.setdefault(key, []).extend(trained)
    lines = []
    for (rate, decay), members in groups.items():
        if not members:
            continue
        modules = dict.fromkeys(n.removeprefix('module.').partition('.')[0] for n in members)
        what = f'{len(members)} tensors of {", ".join(modules)}'
        lines.append(f'learning rate {rate:g}, weight decay {decay:g}: {what}')
    return lines
