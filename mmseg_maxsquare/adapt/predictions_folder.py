"""The folder of predictions: what it holds, and whether a call may go on in it."""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from mmseg_maxsquare.datasets.photographs import PREDICTIONS as RECORD
from mmseg_maxsquare.engine.atomic_files import AtomicBackend

from .outputs import Outputs
from .words import counted

SHOWN = 12  # characters of a digest


class PredictionsFolder:
    """A folder whose predictions all come from one model, for images of one place.

    Args:
        root: The folder.
        images: Folder of images, one image, or a list of paths.
        request: What decides the predictions, by name, in values of JSON.
    """

    def __init__(self, root: Path, images: Path, request: dict[str, Any]) -> None:
        self.root = root
        self.images = images
        self.request = dict(images=os.path.abspath(images), **request)
        self.record: dict[str, Any] = {}  # of an earlier call

    def check(self, resume: bool) -> None:
        """Read the record of an earlier call.

        Raises:
            ValueError: If predictions may not be written here.
        """
        root, images = self.root, self.images
        place, source = Path(os.path.realpath(root)), Path(os.path.realpath(images))
        if images.is_dir() and place.is_relative_to(source):
            raise ValueError(
                f'--out: {root} lies inside {images}, so that predictions would be taken for '
                'images; name another folder'
            )
        if not root.exists() or (root.is_dir() and not any(root.iterdir())):
            return
        self.record = self._read()
        if not self.record:
            raise ValueError(f'--out: {root} exists and holds no predictions; name a new folder')
        if not resume:
            raise ValueError(
                f'--out: {root} holds predictions, which are never overwritten; go on with '
                '--resume, or name another folder'
            )
        for name, now in self.request.items():
            then = self.record.get(name)
            if then != now:
                raise ValueError(
                    f'--out: {root} holds predictions with other arguments ({name}: {_shown(then)} '
                    f'there, {_shown(now)} now); repeat those to go on, or name another folder'
                )

    def begin(self, outputs: Outputs, facts: dict[str, Any]) -> None:
        """Write the record: the request, more facts, and the image of each output.

        Raises:
            ValueError: If an output of an earlier call is of another image.
            OSError: If it cannot be written.
        """
        then = self.record.get('files', {})
        now = {name: os.path.abspath(image) for image, name in outputs.names.items()}
        for name, image in now.items():
            if then.get(name, image) != image:
                raise ValueError(
                    f'--out: {self.root} holds a prediction {name} of the image {then[name]}, '
                    f'which is now that of {image}; name another folder'
                )
        strays = [name for name in then if name not in now]
        if strays:
            print(
                f'note: --out: {self.root} holds {counted(len(strays), "prediction")} of images '
                f'that are not among these, such as {strays[0]}; the files are left as they are',
                file=sys.stderr,
            )
        content = {**facts, **self.request, 'files': {**then, **now}}
        AtomicBackend().put_text(json.dumps(content, indent=1), self.root / RECORD)

    def _read(self) -> dict[str, Any]:
        """The record; empty if there is none."""
        path = self.root / RECORD
        try:
            content = json.loads(path.read_text(encoding='utf-8')) if path.is_file() else {}
        except ValueError:  # of something else
            return {}
        return content if isinstance(content, dict) else {}


def digest_of_file(path: str) -> str:
    """SHA-256 of a file, which is read in parts.

    Raises:
        ValueError: If it is an address in a network.
    """
    if '://' in path:
        raise ValueError(f'checkpoint: {path} is not on this disk; download it first')
    found = hashlib.sha256()
    with open(path, 'rb') as stream:
        while part := stream.read(1 << 22):
            found.update(part)
    return found.hexdigest()


def digest_of_values(values: object) -> str:
    """SHA-256 of plain values, such as those of a config."""
    return hashlib.sha256(repr(values).encode('utf-8', 'surrogatepass')).hexdigest()


def _shown(value: object) -> str:
    return value[:SHOWN] if isinstance(value, str) and len(value) == 64 else repr(value)
