"""One-line errors: what is wrong, where, and what to do about it."""

import difflib
import re
import sys
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from errno import ENOSPC
from typing import NoReturn
from urllib.error import URLError

from mmengine.config import Config
from mmseg.registry import DATASETS, HOOKS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS

from mmseg_maxsquare.data_files import BadFileError

# Exceptions that constructors raise for a wrong config.
BUILD_ERRORS = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OSError,
    ImportError,
    AssertionError,
    RuntimeError,
)
FETCH = 'download them where there is a network and name the file'
# First words of the advice at the end of our messages.
ADVICE = (
    'take', 'copy', 'replace', 'correct', 'complete', 'see', 'remove', 'give', 'write', 'put',
    'download', 'move', 'leave', 'raise', 'add', 'choose',
)  # fmt: skip


def fail(message: str) -> NoReturn:
    """End the program with a one-line error and exit status 1."""
    sys.exit(f'error: {message}')


def one_line(error: BaseException, limit: int = 600) -> str:
    """The message of an exception in one line."""
    words = ' '.join(str(error.args[0] if len(error.args) == 1 else error).split())
    # The message of a KeyError is only a name, that of an assertion often empty.
    if not words and error.__traceback__ is not None:
        return _spot(error)
    plain = (
        isinstance(error, ValueError | OSError | TypeError | RuntimeError | ImportError) and words
    )
    text = words if plain else f'{type(error).__name__}: {words}'
    text = re.sub(r' Please check whether .*', similar(words), text)  # mmengine's advice
    return text if len(text) <= limit else text[:limit] + ' ...'


def _spot(error: BaseException) -> str:
    """The line that raised an error without a message."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f'{type(error).__name__} in {last.name}: {last.line}'


def fact_and_remedy(error: BaseException, remedy: str) -> tuple[str, str]:
    """The message of an exception without its advice, and the advice, or else ``remedy``."""
    found = re.fullmatch(rf'(.*?)(?:; ((?:{"|".join(ADVICE)}) .*))?', one_line(error))
    return (found[1], found[2] or remedy) if found else (one_line(error), remedy)


def similar(words: str) -> str:
    """A hint at the registered name closest to the unknown one in a message, or ''."""
    unknown = re.search(r'(\S+) is not in the', words)
    registries = [DATASETS, HOOKS, METRICS, MODELS, OPTIMIZERS, TRANSFORMS]
    # Most hooks and optimizers are in mmengine's registries, the parents of mmseg's.
    registries += [registry.parent for registry in registries]
    known = [name for registry in registries for name in registry.module_dict]
    like = difflib.get_close_matches(unknown[1], known, n=1) if unknown else []
    return f' Did you mean {like[0]}?' if like else ''


def some(names: Iterable[object], limit: int = 5) -> str:
    """The first few of some names, in one line."""
    names = list(names)
    more = f' and {len(names) - limit} more' if len(names) > limit else ''
    return ', '.join(map(str, names[:limit])) + more


@contextmanager
def one_line_errors(cfg: Config) -> Iterator[None]:
    """Context of a run: errors of files, disks and numbers become one-line errors.

    These are a data file that cannot be used (also if a worker process read it), a
    loss or gradient that is not finite (see NonFiniteHook), and every error of the
    operating system, such as a full disk. Other exceptions keep their traceback,
    because it is needed. ``python -X dev`` shows every traceback.

    Args:
        cfg: The config; its work dir is named if the disk is full.
    """
    try:
        yield
    except (BadFileError, FloatingPointError, OSError) as error:
        if sys.flags.dev_mode:
            raise
        if isinstance(error, URLError):
            if '://' in str(cfg.get('load_from')):  # then no other weights are fetched
                fail(f'load_from: {cfg.load_from} cannot be fetched: {error.reason}; {FETCH}')
            fail(
                f'the pretrained weights of the model cannot be fetched: {error.reason}; {FETCH}, '
                'or set load_from to a checkpoint'
            )
        if isinstance(error, OSError) and error.errno == ENOSPC:
            remedy = 'free some space, then continue with --resume'
            fail(f'{cfg.work_dir}: {error.strerror}; {remedy}')
        fail(_without_worker(error))


def _without_worker(error: Exception) -> str:
    """The message without the traceback that a DataLoader worker prepends."""
    text = str(error)
    if text.startswith('Caught '):
        text = re.split(r'^[\w.]+(?:Error|Exception): ', text, flags=re.M)[-1]
    return ' '.join(text.split())
