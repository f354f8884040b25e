"""An evaluation: what the command ``test`` and tools/test.py do."""

from collections.abc import Sequence

from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.engine.uda_hook import unwrap

from .checkpoints import require_checkpoint
from .class_list import leaves
from .config import load_config
from .console import progress_of
from .drawing import has_display
from .ensemble import load_members, use_ensemble
from .errors import fail, one_line_errors
from .findings import stop_at
from .label_values import check_label_values
from .launch import build_runner, join_processes
from .preflight import check_test
from .rehearsal import metas_of, rehearse
from .settings import LOOPS
from .sizes import check_sizes, parts_of
from .write_predictions import allow_no_labels, name_outputs, write_outputs


def evaluate(
    config: str,
    checkpoints: Sequence[str],
    options: Sequence[str] = (),
    work_dir: str | None = None,
    out: str | None = None,
    show: bool = False,
    show_dir: str | None = None,
    wait_time: float = 2,
    tta: bool = False,
    launcher: str = 'none',
    local_rank: int = 0,
    verbose: bool = False,
    weights: Sequence[float] | None = None,
    mean: str = 'logits',
) -> None:
    """Score a checkpoint, or several as an ensemble, on the test data of a config.

    Args:
        config: See :func:`~mmseg_maxsquare.runs.config.load_config`.
        checkpoints: Files of the weights; several of one network vote together.
        options: See ``config``.
        work_dir: See ``config``.
        out: Folder for the predictions: label PNGs, or a CSV of classes.
        show: Show the predictions in a window.
        show_dir: Folder for images of the predictions.
        wait_time: Seconds for which an image is shown.
        tta: Average over the augmentations of ``tta_pipeline``.
        launcher: See :func:`~mmseg_maxsquare.runs.launch.join_processes`.
        local_rank: See there.
        verbose: Show the whole log on the terminal.
        weights: Of several checkpoints. Defaults to None: equal.
        mean: What several checkpoints average; see :func:`mean_logits`. Defaults to 'logits'.
    """
    load_only_safely()
    cfg = load_config(config, options, work_dir, ('test_dataloader',))
    join_processes(cfg, launcher, local_rank)
    for checkpoint in checkpoints:
        require_checkpoint(checkpoint, 'checkpoint', 'a training run writes them to its work dir')
    if len(checkpoints) == 1 and weights is not None:
        fail('--weights: belongs to several checkpoints, and one is given; leave it out')
    if all(cfg.get(field) is None for field in LOOPS['test']):
        fail(f'test_dataloader: missing; test needs all of {", ".join(LOOPS["test"])}')
    cfg.load_from = checkpoints[0]
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    if cfg.get('model') and cfg.get('test_evaluator') is not None:
        allow_no_labels(cfg, out)
    check_test(cfg)
    if show or show_dir:
        _draw(cfg, show, show_dir, wait_time)
    if out:
        write_outputs(cfg, out)
    if len(checkpoints) > 1:
        use_ensemble(cfg, checkpoints, weights, mean)
    if tta:
        _augment(cfg)
    runner = build_runner(cfg, ('test',), verbose)
    if len(checkpoints) > 1:
        load_members(runner.model, checkpoints)
    with one_line_errors(cfg):
        stop_at(check_label_values(runner, ('test',)))
        parts = list(parts_of(runner, ('test',)))
        stop_at(check_sizes(unwrap(runner.model), parts))
        stop_at(rehearse(cfg, unwrap(runner.model), parts, metas_of(runner, ('test',))))
    if out:
        name_outputs(runner)
    with one_line_errors(cfg), progress_of(runner, verbose):
        runner.test()


def _draw(cfg: Config, show: bool, show_dir: str | None, wait_time: float) -> None:
    """Show the predictions, or write them as images."""
    if 'visualization' not in (cfg.get('default_hooks') or {}):
        fail('--show and --show-dir draw segmentations; this config has none, use --out')
    if 'network_input' in str(cfg.test_dataloader.dataset):
        fail(
            '--show and --show-dir draw on the original images, but the evaluation protocol '
            'keeps predictions at the size of the network input; use --out, or the config '
            'with the protocol full_resolution'
        )
    if show and not has_display():
        fail('--show: there is no display (DISPLAY is not set); use --show-dir')
    if cfg.get('visualizer') is None:
        cfg.visualizer = dict(
            type='SegLocalVisualizer', vis_backends=[dict(type='LocalVisBackend')]
        )
    cfg.default_hooks.visualization.update(draw=True, interval=1, show=show, wait_time=wait_time)
    cfg.visualizer.save_dir = show_dir or cfg.visualizer.get('save_dir')


def _augment(cfg: Config) -> None:
    """Average the predictions over the augmentations of the config."""
    if not cfg.get('tta_pipeline') or not cfg.get('tta_model'):
        fail('--tta: the config has no tta_pipeline and tta_model')
    for dataset in leaves(cfg.test_dataloader.dataset):
        dataset['pipeline'] = cfg.tta_pipeline
    cfg.tta_model.module = cfg.model
    cfg.model = cfg.tta_model
