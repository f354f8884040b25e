"""The checkpoint that train and test start from, read without running code from it."""

from pathlib import Path

from mmengine.config import Config

from mmseg_maxsquare.engine import check_checkpoint, find_resumable

from .config import require_file
from .errors import fail


def require_checkpoint(path: str, what: str, remedy: str) -> None:
    """Exit with a one-line error if a checkpoint is missing, broken or unsafe.

    Args:
        path: A file. A URL is only checked when it is loaded.
        what: The option that names it, for the message.
        remedy: What to do if there is no such file.
    """
    require_file(path, what, remedy)
    if '://' not in path:
        try:
            check_checkpoint(path)
        except ValueError as error:
            fail(f'{what}: {error}')


def resume_from_newest(cfg: Config) -> bool:
    """Let the runner resume from the newest checkpoint; False if there is none."""
    found = find_resumable(_folder(cfg))
    if found is None:
        return False
    path, seed = found
    # Replaces the source model, from which mmengine would resume.
    cfg.load_from, cfg.resume = str(path), True
    # mmengine also restores the checkpoint's seed, but only after it has ordered the data.
    cfg.randomness = {**cfg.get('randomness', {}), 'seed': seed}
    return True


def _folder(cfg: Config) -> Path:
    """Where the run writes its checkpoints: the work dir, or its namesake below ``out_dir``."""
    hook = cfg.get('default_hooks', {}).get('checkpoint') or {}
    if hook.get('out_dir') is None:
        return Path(cfg.work_dir)
    if '://' in hook['out_dir']:
        fail(f'default_hooks.checkpoint.out_dir: --resume cannot look into {hook["out_dir"]}')
    return Path(hook['out_dir'], Path(cfg.work_dir).name)
