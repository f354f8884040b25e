"""Finished runs below some folders, and the rows of tables that they are."""

from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config

from .rows import Row, Table
from .run_logs import logged_config, was_trained

Found = list[tuple[Path, Config]]
LOG_FOLDER = '????????_??????'  # date and time of a start, as in mmengine's folder names


def find_runs(folders: Sequence[Path]) -> Found:
    """Work dirs at or below some folders, each with the config that ran in it."""
    logs = {path for folder in folders for path in folder.glob(f'**/{LOG_FOLDER}')}
    inside = sorted({path.parent for path in logs if path.is_dir()})
    configs = {folder: logged_config(folder) for folder in inside}
    return [(folder, cfg) for folder, cfg in configs.items() if cfg is not None]


def fits(table: Table, row: Row, folder: Path, cfg: Config) -> bool:
    """Whether a run is a row: its config, and the options that the table's rows change."""
    config, options = identity(folder, cfg)
    # A test is not a trained row: the source of its checkpoint is unknown.
    if config != row.run.config or was_trained(folder) is not row.run.train:
        return False
    members = [member.config for member in row.run.members]
    if _ensemble(cfg) != (members, list(row.run.weights), row.run.mean):
        return False
    # Figure 5 fine-tunes with the configs that Table 1 trains from ImageNet.
    start = row.run.start and row.run.start.config
    if cfg.get('run', {}).get('start', start) != start:
        return False
    return {k: v for k, v in options.items() if counts(table, k)} == dict(row.run.options)


def identity(folder: Path, cfg: Config) -> tuple[str, dict]:
    """Config and options of a run; runs of other tools are known only by their folder name."""
    run = cfg.get('run', dict(config=f'{folder.parent.name}/{folder.name}.py', options={}))
    return run['config'], dict(run['options'])


def _ensemble(cfg: Config) -> tuple[list[str] | None, list[float], str]:
    """Members, weights and mean of an ensemble; no members if they are not known."""
    unknown: list[str] | None = None if cfg.model.type == 'EnsembleSegmentor' else []
    run = cfg.get('run', {})
    return run.get('members', unknown), list(run.get('weights', [])), run.get('mean', 'logits')


def counts(table: Table, key: str) -> bool:
    """Whether an option makes another row, not the same row under other conditions."""
    changed = {key for row in table.rows for key, _ in row.run.options}
    return key in changed or key.startswith(('model.target_loss', 'model.guidance'))
