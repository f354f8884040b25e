"""What a user asks ``adapt`` for."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
        options: Overrides of fields of the new config, ``field=value``.
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
        name = f'{Path(self.config).stem}_{Path(self.target).resolve().stem}'
        return self.out or Path('work_dirs/adapt', name)

    def check(self) -> None:
        """Raise ``ValueError`` for numbers out of their range."""
        if self.steps < 1:
            raise ValueError(f'--steps: must be at least 1, got {self.steps}')
        if not self.lr > 0:
            raise ValueError(f'--lr: must be above 0, got {self.lr}')
        if self.seed < 0:
            raise ValueError(f'--seed: must be at least 0, got {self.seed}')

    def identity(self) -> dict:
        """What makes two calls the same run."""
        paths = {
            name: str(Path(getattr(self, name)).resolve()) for name in ('checkpoint', 'target')
        }
        same = ('config', 'with_source', 'steps', 'method', 'params', 'lr', 'seed', 'amp')
        return {**{name: getattr(self, name) for name in same}, **paths, 'options': self.options}
