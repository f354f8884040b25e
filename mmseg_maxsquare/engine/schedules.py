"""The schedules of a resumed run: those of its config, continued at its step.

mmengine restores schedules from the checkpoint, with the settings that they had then: a run
that is made longer would train at the last rate of the shorter one. Here a schedule whose
settings have changed is played again from the start, so that it has the values of a run that
had these settings from the start.
"""

from typing import Any

from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.optim.scheduler.param_scheduler import (
    ReduceOnPlateauParamScheduler,
    _ParamScheduler,
)
from mmengine.runner import EpochBasedTrainLoop, Runner

from .method_optimizers import by_name

# What a schedule counts; all its other fields are settings.
PROGRESS = ('last_step', '_global_step', '_last_value')
INITIAL = 'initial_'  # what schedules put before the names of the settings that they change
Schedules = list[_ParamScheduler]


class ScheduleHook(Hook):
    """Calls :func:`continue_schedules` at the start of a training, with any loop."""

    def before_train(self, runner: Runner) -> None:
        """See the class."""
        continue_schedules(runner)


def continue_schedules(runner: Runner) -> None:
    """Give a resumed run the schedules of its config, at the step that it has reached.

    Schedules with unchanged settings stay as the checkpoint has them. An optimizer that has no
    schedule any more gets the settings of the config.

    Args:
        runner: After it has loaded the checkpoint and before its first step.

    Raises:
        ValueError: If changed settings belong to a schedule that depends on earlier scores.
    """
    if runner.iter == 0:
        return
    wrappers, loaded = by_name(runner.optim_wrapper), _schedules(runner.param_schedulers)
    if not any(loaded.values()) and not any(map(_was_scheduled, wrappers.values())):
        return
    fresh_wrappers, fresh = _from_config(runner, runner.cfg.get('param_scheduler'))
    for name, wrapper in wrappers.items():
        found, schedules = loaded.get(name, []), fresh.get(name, [])
        if _same(found, schedules, runner.iter) if schedules else not _was_scheduled(wrapper):
            continue
        refuse_plateau([type(s).__name__ for s in (*found, *schedules)])
        play(schedules, runner.iter, _epochs(runner))
        groups = zip(wrapper.param_groups, fresh_wrappers[name].param_groups, strict=True)
        for group, planned in groups:
            for key in [key for key in group if key.startswith(INITIAL)]:
                del group[key]
            group.update({key: value for key, value in planned.items() if key != 'params'})
        for schedule in schedules:
            schedule.optimizer = wrapper
        found[:] = schedules


def refuse_plateau(kinds: list[str]) -> None:
    """Refuse changed schedules of a kind whose past is unknown.

    Args:
        kinds: Names of the classes.

    Raises:
        ValueError: If one depends on earlier scores.
    """
    for kind in kinds:
        if 'ReduceOnPlateau' in kind:
            raise ValueError(
                f'param_scheduler: {kind} depends on the scores so far, so its settings and the '
                'length of the run cannot change on --resume; give them as they were'
            )


def play(schedules: Schedules, steps: int, epochs: int) -> None:
    """Step new schedules as a training does.

    Args:
        schedules: Of one optimizer.
        steps: Training steps.
        epochs: Epochs that have ended in these steps; 0 in a loop by steps.
    """
    for step in range(1, steps + 1):
        for schedule in schedules:
            if not schedule.by_epoch:
                schedule.step()
        if epochs and step % (steps // epochs) == 0:
            for schedule in schedules:
                if schedule.by_epoch:
                    schedule.step()


def _from_config(
    runner: Runner, given: Any
) -> tuple[dict[str, OptimWrapper], dict[str, Schedules]]:
    """Optimizers as at the start of a run, and their schedules."""
    resumed = runner.optim_wrapper
    runner.optim_wrapper = runner.build_optim_wrapper(runner.cfg.optim_wrapper)
    try:
        runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
        wrappers = by_name(runner.optim_wrapper)
        schedules = _schedules(runner.build_param_scheduler(given) if given else [])
    finally:
        runner.optim_wrapper = resumed
    for wrapper in wrappers.values():
        wrapper._global_step = 0  # no warning that it has made no step
    return wrappers, schedules


def _schedules(of_run: Any) -> dict[str, Schedules]:
    """Lists of schedules by the name of the optimizer."""
    return of_run if isinstance(of_run, dict) else {'': of_run or []}


def _was_scheduled(wrapper: OptimWrapper) -> bool:
    """Whether a schedule has changed settings of an optimizer, as far as its checkpoint says."""
    return any(key.startswith(INITIAL) for group in wrapper.param_groups for key in group)


def _epochs(runner: Runner) -> int:
    return runner.epoch if isinstance(runner.train_loop, EpochBasedTrainLoop) else 0


def _same(loaded: Schedules, fresh: Schedules, step: int) -> bool:
    """Whether the schedules of the checkpoint are those of the config, and as far as the run."""
    if len(loaded) != len(fresh):
        return False
    pairs = list(zip(loaded, fresh, strict=True))
    reached = (s._global_step == step for s in loaded if not s.by_epoch)
    return all(_settings(a) == _settings(b) for a, b in pairs) and all(reached)


def _settings(schedule: _ParamScheduler) -> dict[str, Any]:
    state = {k: v for k, v in schedule.state_dict().items() if k not in PROGRESS}
    if isinstance(schedule, ReduceOnPlateauParamScheduler):
        counted = ('best', 'num_bad_epochs', 'cooldown_counter')
        state = {key: value for key, value in state.items() if key not in counted}
    return {'type': type(schedule), **state}
