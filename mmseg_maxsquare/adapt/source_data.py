"""The training and validation data of a user's config, for an adaptation with source."""

from mmengine.config import Config, ConfigDict
from mmseg.registry import DATASETS

from mmseg_maxsquare.engine.held_out import SourceImages
from mmseg_maxsquare.runs.config import check_data_roots
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, fail, one_line

TRIED = 16  # validation images that are read; the guard reads no more


def check_source(cfg: Config) -> None:
    """Fail if the training data of the config are not on this disk."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if not isinstance(dataset, dict):
        fail('--with-source: the config has no train_dataloader.dataset; use --source-free')
    try:
        check_data_roots(dataset, 'train_dataloader.dataset')
        DATASETS.build(ConfigDict(dataset))
    except SystemExit as error:
        fail(f'--with-source: {str(error).removeprefix("error: ")}; or use --source-free')
    except BUILD_ERRORS as error:
        fail(
            f'--with-source: the training data of the config cannot be read: {one_line(error)}; '
            'put them there, or use --source-free'
        )


def without_unread_validation(cfg: Config) -> list[str]:
    """Take the validation data off a config if they cannot be read, with a note.

    They only show what the source model forgets.
    """
    dataset = (cfg.get('val_dataloader') or {}).get('dataset')
    if dataset is None:
        return []
    try:
        check_data_roots(dataset, 'val_dataloader.dataset')
        SourceImages(DATASETS.build(ConfigDict(dataset)), TRIED)
        return []
    except SystemExit as error:
        reason = str(error).removeprefix('error: ').partition(';')[0]
    except BUILD_ERRORS as error:
        reason = f'val_dataloader.dataset: {one_line(error)}'
    cfg.val_dataloader = None
    return [f'{reason}; the source model is not scored on its validation data']
