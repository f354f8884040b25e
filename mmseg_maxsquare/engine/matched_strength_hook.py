"""Gives a target loss the strength of another one, whatever its weight means."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

from mmengine.dataset import pseudo_collate
from mmengine.dist import get_world_size
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from torch import nn

from mmseg_maxsquare.data_files import BadFileError

from ..models.build_methods import build_target_loss
from .atomic_files import AtomicBackend
from .strength import BATCHES, strength
from .uda_hook import unwrap

FILE = 'strength.json'
HEAD = 'decode_head'


@HOOKS.register_module()
class MatchedStrengthHook(Hook):
    """Sets the weight of the target loss so that its strength is that of a reference loss.

    Strength is the length of the target terms' gradient by the logits over that of the source
    terms (:func:`~mmseg_maxsquare.engine.strength.strength`), measured before the first step
    over the first training batches. No label of the target is used. The strengths, the weight,
    and the strength after the last step are written to ``strength.json`` in the work dir; a
    resumed run reads its weight there.

    Args:
        reference: Config of the reference loss, with its weight.
        factor: The strength aimed at, in units of the reference's. Defaults to 1.
        batches: Batches of each domain to measure on. Defaults to 64.

    Raises:
        ValueError: If factor or batches is not above 0, or, before the first step, if the model
            has no target loss or no source, or there are several processes.
        BadFileError: If a run that goes on lacks the file of its weight.
    """

    def __init__(self, reference: dict, factor: float = 1.0, batches: int = BATCHES) -> None:
        if not (factor > 0 and batches > 0):
            raise ValueError(f'factor and batches must be above 0, got {factor} and {batches}')
        self.reference = reference
        self.factor = factor
        self.batches = batches

    def before_train(self, runner: Runner) -> None:
        """Measure both losses and set the weight, or take it from the file of this run."""
        model = unwrap(runner.model)
        loss = getattr(model, 'target_loss', None)
        if loss is None or 'source' not in runner.train_dataloader.dataset.domains:
            raise ValueError(
                'MatchedStrengthHook: needs model.target_loss and a UDADataset with a source; '
                'set them, or remove the hook'
            )
        if get_world_size() > 1:
            raise ValueError('MatchedStrengthHook: works with one process only')
        path = Path(runner.work_dir) / FILE
        if runner.iter > 0:
            if not path.is_file():
                raise BadFileError(
                    f'{path}: missing; a run that goes on needs its weight; copy it back'
                )
            loss.loss_weight = json.loads(path.read_text())['weight']
            return
        if not loss.loss_weight > 0:
            raise ValueError('model.target_loss.loss_weight: must be above 0 to be matched')
        own, reference = self._measure(runner, loss), self._measure(runner, self._reference())
        loss.loss_weight *= self.factor * reference / own
        found = dict(weight=loss.loss_weight, reference=reference, factor=self.factor)
        AtomicBackend().put_text(json.dumps(found), path)

    def after_train(self, runner: Runner) -> None:
        """Add the strength at the end to the file."""
        path = Path(runner.work_dir) / FILE
        found = json.loads(path.read_text())
        found['at_end'] = self._measure(runner, unwrap(runner.model).target_loss)
        AtomicBackend().put_text(json.dumps(found), path)

    def _reference(self) -> nn.Module:
        return build_target_loss(copy.deepcopy(dict(self.reference)))

    def _measure(self, runner: Runner, loss: nn.Module) -> float:
        """Strength of a loss in the place of the model's, without its other target terms."""
        model = unwrap(runner.model)
        before = model.training, model.target_loss, model.guidance
        model.train()
        model.target_loss, model.guidance = loss, None
        try:
            return strength(model, self._batches(runner), self.batches)[HEAD]
        finally:
            model.target_loss, model.guidance = before[1:]
            model.train(before[0])

    def _batches(self, runner: Runner) -> Iterator[dict]:
        """The first batches of the run."""
        loader = runner.train_dataloader
        size = loader.batch_sampler.batch_size
        for i in range(self.batches):
            yield pseudo_collate([loader.dataset[i * size + j] for j in range(size)])
