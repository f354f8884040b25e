"""``--cfg-options`` of commands that train several models."""

from mmengine.config import Config

from mmseg_maxsquare.runs.config import merge_options
from mmseg_maxsquare.runs.errors import fail
from mmseg_maxsquare.runs.findings import stop_at
from mmseg_maxsquare.runs.loops import check_loops
from mmseg_maxsquare.runs.structure import check_structure

# Fields that these commands set themselves, so that an option for them would do nothing.
CHOSEN = dict(
    randomness='give --seeds instead',
    work_dir='give --out instead',
    load_from='every row says what it starts from; name another start in a table of your own',
    resume='a run that was stopped goes on by itself',
    launcher='every run is one process',
)


def change_run(cfg: Config, options: dict) -> None:
    """Override fields of a run's config; exits with one line if one of them cannot be.

    Args:
        cfg: The config; it is changed.
        options: Values by field.
    """
    for field in options:
        if (name := field.split('.')[0]) in CHOSEN:
            fail(f'--cfg-options: {field}: {CHOSEN[name]}')
    merge_options(cfg, options)
    stop_at(check_structure(cfg))
    stop_at(check_loops(cfg))
