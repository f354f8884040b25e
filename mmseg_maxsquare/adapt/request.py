"""What a user asks ``adapt`` for."""

import hashlib
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmseg_maxsquare.runs.structure import MOST_SEED, is_seed
from mmseg_maxsquare.shipped import find_config

from .plain_text import plain_text
from .read_config import read_user_config

METHODS: dict[str, dict[str, Any]] = {
    'iw': dict(type='MaxSquareLoss', alpha=0.2),  # Eq. 13
    'maxsquare': dict(type='MaxSquareLoss'),  # Eq. 6
    'minent': dict(type='EntropyLoss'),  # Eq. 3
}


@dataclass(frozen=True)
class Request:
    """An adaptation to a folder of images.

    Attributes:
        config: mmseg config that trained the model: path or shipped name.
        checkpoint: Its weights.
        target: Folder of images, one image, or a text file of paths.
        out: Folder of the results. Defaults to ``work_dirs/adapt/CONFIG_TARGET``.
        with_source: Use the training data of the config, too.
        steps: Training steps.
        method: A key of METHODS.
        params: ``'norm'`` or ``'all'``: which parameters are trained.
        lr: Learning rate of Adam.
        seed: Seed of the run.
        amp: ``'float16'``, ``'bfloat16'`` or None.
        device: Such as ``'cpu'`` or ``'cuda:1'``; None for the accelerator, if any.
        options: Overrides of fields of the config, or of the one made from it, ``field=value``.
        labels: Folder of label files, only for scoring.
    """

    config: str
    checkpoint: str
    target: str
    out: Path | None = None
    with_source: bool = False
    steps: int = 200
    method: str = 'iw'
    params: str = 'norm'
    lr: float = 1e-3
    seed: int = 0
    amp: str | None = None
    device: str | None = None
    options: list[str] = field(default_factory=list)
    labels: Path | None = None

    @property
    def folder(self) -> Path:
        """Folder of the results."""
        target = Path(self.target).resolve()
        name = f'{Path(self.config).stem}_{target.name if target.is_dir() else target.stem}'
        return self.out or Path('work_dirs/adapt', name)

    def check(self) -> None:
        """Raise ``ValueError`` for numbers out of their range."""
        if self.steps < 1:
            raise ValueError(f'--steps: must be at least 1, got {self.steps}')
        if not 0 < self.lr < math.inf:
            raise ValueError(f'--lr: must be above 0 and finite, got {self.lr}')
        if not is_seed(self.seed):
            raise ValueError(f'--seed: must be from 0 to {MOST_SEED}, got {self.seed}')

    def files(self) -> dict[str, Path]:
        """The files that are named, by argument; a list of images is one, a folder is not."""
        try:
            config = find_config(self.config)
        except ValueError:  # which is reported when it is read
            config = Path(self.config)
        named = dict(config=config, checkpoint=Path(self.checkpoint), target=Path(self.target))
        return {name: path for name, path in named.items() if path.is_file()}

    def identity(self) -> dict:
        """What makes two calls the same run, as far as the arguments say."""
        named: list[tuple[str, str | Path]] = [
            ('config', self.config),
            ('checkpoint', self.checkpoint),
            ('target', self.target),
        ]
        paths = {name: str(Path(path).resolve()) for name, path in (*named, *self.files().items())}
        same = ('with_source', 'steps', 'method', 'params', 'lr', 'seed', 'amp', 'options')
        return {**paths, **{name: getattr(self, name) for name in same}}

    def contents(self) -> dict[str, str]:
        """What the files hold, as digests, so that a replaced one shows."""
        return {name: self._digest(name, path) for name, path in self.files().items()}

    def _digest(self, name: str, path: Path) -> str:
        if name == 'config':  # with the files that it is based on
            fields = plain_text(read_user_config(self.config).to_dict())
            return hashlib.sha256(repr(fields).encode()).hexdigest()
        with path.open('rb') as stream:
            return hashlib.file_digest(stream, 'sha256').hexdigest()
