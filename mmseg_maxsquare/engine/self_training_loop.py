"""Self-training in rounds: choose images, make pseudo labels, train; then again."""

from pathlib import Path
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.runner import Runner
from mmseg.registry import LOOPS
from torch import nn
from torch.utils.data import DataLoader

from ..datasets.self_training_dataset import SelfTrainingDataset
from ..methods import cbst
from ..methods.checks import check_count, is_number
from .rounds import RoundMaker, Rules
from .sample_stream import StreamBatchSampler
from .schedules import continue_schedules
from .train_loop import ResumableTrainLoop
from .uda_hook import unwrap

FOLDER = 'self_training'


REQUIRED = ('rounds', 'round_iters', 'portion')
SHARES = ('portion', 'max_portion', 'source_share', 'max_source_share')
STEPS = ('portion_step', 'source_share_step', 'rare_below')
DEFAULTS = dict(max_portion=0.5, source_share=0.03, max_source_share=0.06)
COUNTS = dict(rounds=1, round_iters=1, select=1, prior_width=1, fewest_rare=0)


def check_rounds(fields: dict) -> None:
    """Raise ``ValueError`` if a field of a :class:`SelfTrainingLoop` is out of its range.

    Args:
        fields: As in ``train_cfg``; those that are not given have their defaults.
    """
    missing = [name for name in REQUIRED if fields.get(name) is None]
    if missing:
        raise ValueError(f'train_cfg.{missing[0]} is missing; a SelfTrainingLoop needs it')
    for name in SHARES:
        if name in fields:
            cbst.check_portion(fields[name], f'train_cfg.{name}')
    for name in ('portion', 'source_share'):
        values = {**DEFAULTS, **fields}
        first, most = values[name], values[f'max_{name}']
        if first > most:
            raise ValueError(
                f'train_cfg.{name} is {first}, above train_cfg.max_{name}={most}; raise the latter'
            )
    for name in STEPS:
        value = fields.get(name, 0)
        if not is_number(value) or not 0 <= value <= 1:
            raise ValueError(f'train_cfg.{name} must lie in [0, 1], got {value!r}')
    for name, least in COUNTS.items():
        if fields.get(name) is None and (name == 'select' or name not in fields):
            continue
        check_count(f'train_cfg.{name}', fields[name], least)
    if not isinstance(fields.get('flip', True), bool):
        raise ValueError(f'train_cfg.flip must be True or False, got {fields["flip"]!r}')
    policy = fields.get('policy', cbst.POLICIES[0])
    if policy not in cbst.POLICIES:
        raise ValueError(f'train_cfg.policy must be one of {cbst.POLICIES}, got {policy!r}')
    steps = fields['rounds'] * fields['round_iters']
    if fields.get('max_iters') not in (None, steps):
        raise ValueError(
            f'train_cfg.max_iters is {fields["max_iters"]}, but rounds * round_iters is '
            f'{steps}; leave it out, or make them agree'
        )


@LOOPS.register_module()
class SelfTrainingLoop(ResumableTrainLoop):
    """Trains on a :class:`SelfTrainingDataset` in rounds (CBST, CBST-SP, plain self-training).

    Before each round the current model labels the target images: the thresholds come from the
    confidences of all of them, the labels from a second prediction. All files are below
    ``self_training`` in the work dir. A run that was killed, in whatever phase, continues with
    ``--resume``: files of the round are used again if they are of the very same weights and rules.

    Args:
        runner: The runner.
        dataloader: Config of the loader.
        rounds: Number of rounds.
        round_iters: Training steps in each round.
        portion: Share of the pixels of each class that get a label in the first round.
        portion_step: Added in each further round. Defaults to 0.05.
        max_portion: Not exceeded. Defaults to 0.5.
        source_share: Share of the source images in the first round. Defaults to 0.03.
        source_share_step: Added in each further round. Defaults to 0.0025.
        max_source_share: Not exceeded. Defaults to 0.06.
        policy: See :func:`cbst.thresholds`. Defaults to 'class_balanced'.
        select: Number of target images that are used in all rounds, those with the highest
            :func:`cbst.class_balanced_score` of the first model; None for all. Defaults to None.
        flip: Whether labels come from the mean with the mirrored image. Defaults to True.
        rare_below: Share of the predicted pixels below which a class counts as rare for
            :class:`RareClassCrop`. Defaults to 0.001.
        fewest_rare: At least so many classes count as rare (3 in CBST). Defaults to 0, as in
            CRST.
        prior_width: Width of the spatial prior's kernel in pixels of the label; with
            ``prior_pipeline`` of the data set. Defaults to 70.
        **kwargs: As for :class:`ResumableTrainLoop`.

    Raises:
        ValueError: If a parameter is out of its range.
        TypeError: If the data set is another one.
    """

    def __init__(
        self,
        runner: Runner,
        dataloader: dict | DataLoader,
        rounds: int,
        round_iters: int,
        portion: float,
        portion_step: float = 0.05,
        max_portion: float = DEFAULTS['max_portion'],
        source_share: float = DEFAULTS['source_share'],
        source_share_step: float = 0.0025,
        max_source_share: float = DEFAULTS['max_source_share'],
        policy: str = 'class_balanced',
        select: int | None = None,
        flip: bool = True,
        rare_below: float = 0.001,
        fewest_rare: int = 0,
        prior_width: int = 70,
        max_iters: int | None = None,
        **kwargs: Any,
    ) -> None:
        rules = Rules(
            rounds=rounds,
            round_iters=round_iters,
            portion=(portion, portion_step, max_portion),
            source_share=(source_share, source_share_step, max_source_share),
            policy=policy,
            select=select,
            flip=flip,
            rare_below=rare_below,
            fewest_rare=fewest_rare,
            prior_width=prior_width,
        )
        shares = zip(SHARES, (*rules.portion[::2], *rules.source_share[::2]), strict=True)
        steps = dict(portion_step=portion_step, source_share_step=source_share_step)
        check_rounds({**vars(rules), **dict(shares), **steps, 'max_iters': max_iters})
        super().__init__(runner, dataloader, max_iters=rounds * round_iters, **kwargs)
        dataset = self.dataloader.dataset
        if not isinstance(dataset, SelfTrainingDataset):
            raise TypeError(
                'train_dataloader.dataset: a SelfTrainingLoop needs a SelfTrainingDataset, got '
                f'{type(dataset).__name__}'
            )
        if not isinstance(self.dataloader.batch_sampler, StreamBatchSampler):
            raise ValueError('train_dataloader: batch_sampler, num_batch_per_epoch: leave them out')
        if select is not None and select > len(dataset.target):
            raise ValueError(
                f'train_cfg.select: {select} images, but the target has {len(dataset.target)}; '
                'choose fewer, or leave it out for all'
            )
        self.round_iters = round_iters
        folder = Path(runner.work_dir) / FOLDER
        self.maker = RoundMaker(rules, dataset, folder, runner.seed or 0, runner.logger)
        self.maker.check_prior()
        dataset.folder = folder
        batch = self.dataloader.batch_sampler.batch_size
        dataset.round_samples = round_iters * batch * get_dist_info()[1]

    def run(self) -> nn.Module:
        """Train all rounds."""
        stream = self.dataloader.batch_sampler
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        continue_schedules(self.runner)
        if self._iter > 0:
            self._validate_if_due()
        while self._iter < self._max_iters and not self.stop_training:
            number = self._iter // self.round_iters + 1
            self._prepare(number)
            stream.start, stream.stop = self._iter, number * self.round_iters
            for batch in self.dataloader:
                self.runner.model.train()
                self.run_iter(batch)
                self._validate_if_due()
                if self.stop_training:
                    break
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def _prepare(self, number: int) -> None:
        """Make the files of a round and start its optimizer anew, or check what is there."""
        if self._iter % self.round_iters == 0:
            # A new optimizer in each round, as in the released codes.
            self.runner.optim_wrapper.optimizer.state.clear()
            self.maker.make(number, unwrap(self.runner.model).eval())
        else:
            self.maker.check(number)
