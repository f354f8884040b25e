"""Files that are there as a whole or not at all, whenever the process is killed."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

BACKEND = 'mmseg_maxsquare_atomic'
# Behind the final name of a file that is being written. Nobody else's files end so,
# and no pattern for checkpoints (*.pth) finds it.
PARTIAL = '.mmseg_maxsquare_partial'


@register_backend(BACKEND)
class AtomicBackend(LocalBackend):
    """mmengine's access to local files, but a file appears only when it is complete."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write under another name, wait for the disk, and only then rename.

        Raises:
            OSError: If it cannot be written; what was under the name stays.
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
            partial.unlink(missing_ok=True)  # a full disk needs the space
            raise
        _sync_folder(path.parent)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write a text likewise."""
        self.put(obj.encode(encoding), filepath)


def remove_leftovers(folder: str | Path) -> None:
    """Remove what a killed run was writing into a folder."""
    for path in Path(folder).glob(f'*{PARTIAL}'):
        path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system can."""
    if not hasattr(os, 'O_DIRECTORY'):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
