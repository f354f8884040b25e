"""Runs command lines one after another and has them killed where it is told to.

Each line on stdin is a request, ``{"argv": [...], "log": ..., "kill": ...}``; the
answer is ``exit code N``, with -9 for a killed run. The stack is imported once and every
run is a fork, which saves most of the seconds that a start takes.
"""

import gc
import json
import os
import pkgutil
import signal
import sys
import threading
import traceback
from unittest import mock

# Not all used here: what the forks would import else.
import matplotlib.pyplot  # noqa: F401
import mmengine.config.config
import mmseg.models
import mmseg.visualization  # noqa: F401
import torch._dynamo

from mmseg_maxsquare.cli.main import main as run_command


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(seconds: float = 0, at: str = '', call: int = 1, when: str = 'before') -> None:
    """Have the process killed.

    Args:
        seconds: After so many, or
        at: when this function is called, such as ``os.replace``,
        call: for the so many-th time,
        when: before or after the call, or 'half': before it, the file on the
            disk cut in half.
    """
    if seconds:
        timer = threading.Timer(seconds, die)
        timer.daemon = True
        timer.start()
        return
    module, _, name = at.rpartition('.')
    target = pkgutil.resolve_name(at)
    calls = 0

    def deadly(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == call and when == 'half':
            os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
        if calls == call and when != 'after':
            die()
        result = target(*args, **kwargs)
        if calls == call:
            die()
        return result

    mock.patch(f'{module}.{name}', deadly).start()


def execute(argv: list[str], log: str, kill: dict | None) -> int:
    """Exit code of a command."""
    with open(log, 'w') as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    if kill:
        arm(**kill)
    try:
        run_command(argv)
    except SystemExit as end:
        print(end.code)
        return int(bool(end.code))
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    torch.set_num_threads(1)
    # Half of the time of a tiny run: making configs pretty, and collecting old garbage.
    mmengine.config.config.FormatCode = lambda text, **style: (text, False)
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = execute(**json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        print('exit code', os.waitstatus_to_exitcode(status), flush=True)


if __name__ == '__main__':
    main()
