"""Atomic writing: a file is complete or does not exist, even if the process is killed."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

BACKEND = 'mmseg_maxsquare_atomic'
# Appended to the name of a file while it is being written. No other files end like this,
# and patterns for checkpoints (*.pth) do not match it.
PARTIAL = '.mmseg_maxsquare_partial'


@register_backend(BACKEND)
class AtomicBackend(LocalBackend):
    """mmengine's local file backend, but a file appears only when it is complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write under another name, sync to the disk, and then rename.

        Raises:
            OSError: If it cannot be written; an existing file stays unchanged.
        """
        path = Path(filepath)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + PARTIAL)
        try:
            with open(partial, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(partial, path)
        except BaseException:
            partial.unlink(missing_ok=True)  # frees the space if the disk is full
            raise
        _sync_folder(path.parent)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write a text in the same way."""
        self.put(obj.encode(encoding), filepath)


def remove_leftovers(folder: str | Path) -> None:
    """Remove files that a killed run left half-written in a folder."""
    for path in Path(folder).glob(f'*{PARTIAL}'):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Sync the entries of a folder to the disk, if the system supports it."""
    if not hasattr(os, 'O_DIRECTORY'):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
