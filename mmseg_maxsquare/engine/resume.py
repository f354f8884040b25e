"""Finds the checkpoint from which a run resumes."""

import logging
import re
from pathlib import Path

from mmengine.logging import print_log

from .safe_loading import check_checkpoint

# Checkpoints that can be resumed; the best checkpoints lack the optimizer.
STATE = ('meta', 'state_dict', 'message_hub', 'optimizer')


def find_resumable(folder: str | Path) -> tuple[Path, int | None] | None:
    """The newest checkpoint in a folder that can be read, and the seed of its run.

    The file ``last_checkpoint`` is not used: it may be truncated, or name a broken file
    or the folder from which this one was copied. The newest checkpoint is determined by
    the time stored in it, since copying changes the file times. Files that cannot be
    read are skipped with a warning and left alone.

    Args:
        folder: Where the run writes its checkpoints.

    Returns:
        None if there is none.
    """
    found = []
    for path in sorted(Path(folder).glob('*.pth'), key=_step):
        if path.name.startswith('best_'):
            continue
        try:
            checkpoint = check_checkpoint(path)
        except ValueError as error:
            print_log(f'not resumed from: {error}', logger='current', level=logging.WARNING)
            continue
        if all(key in checkpoint for key in STATE):
            meta = checkpoint['meta']
            found.append((meta.get('time', ''), meta['iter'], path, meta.get('seed')))
    if not found:
        return None
    *_, path, seed = max(found, key=lambda entry: entry[:2])
    return path, seed


def _step(path: Path) -> tuple[int, str]:
    """Number at the end of a file's name, for sorting the messages."""
    number = re.search(r'(\d+)$', path.stem)
    return int(number[1]) if number else -1, path.name
