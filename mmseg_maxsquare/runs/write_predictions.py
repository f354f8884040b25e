"""The predictions that a test writes, also of images without labels."""

from collections.abc import Iterator
from pathlib import Path

from mmengine.config import Config
from mmengine.runner import Runner
from mmseg.evaluation import IoUMetric

from mmseg_maxsquare.engine import check_checkpoint
from mmseg_maxsquare.evaluation import NamedIoUMetric
from mmseg_maxsquare.evaluation.output_names import flat_names_of

from .class_list import class_list, leaves
from .domains import build, domains_of
from .errors import fail

STOCK = ('IoUMetric', 'mmseg.IoUMetric', IoUMetric)


def write_outputs(cfg: Config, out: str) -> None:
    """Have the metrics of a test write the predictions to a folder."""
    for metric in metrics_of(cfg):
        metric.output_dir = out
        if metric.get('type') in STOCK:
            metric.type = 'NamedIoUMetric'
        if 'decode_head' in cfg.model:
            # Some of mmseg's metrics delete their output files unless told to keep them.
            metric.keep_results = True


def allow_no_labels(cfg: Config, out: str | None) -> None:
    """Only write predictions if the test images have no labels; fails if nobody wants these.

    Args:
        cfg: The config, with the checkpoint as ``load_from``.
        out: Folder of the predictions.
    """
    if 'decode_head' not in cfg.model or _has_labels(cfg):
        return
    if not out:
        fail(
            'test_dataloader.dataset: has no labels, so that nothing can be scored; give --out DIR '
            'to write predictions, or use mmseg-maxsquare predict for a folder of images'
        )
    print('the test images have no labels: predictions are written and nothing is scored')
    for metric in metrics_of(cfg):
        metric.format_only = True
    datasets = list(leaves(cfg.test_dataloader.dataset))
    for dataset in datasets:
        steps = dataset.get('pipeline') or []
        dataset['pipeline'] = [s for s in steps if 'LoadAnnotations' not in str(s['type'])]
    if any(domain.classes is None for domain in _domains(cfg)):
        try:
            known = class_list(cfg, check_checkpoint(cfg.load_from).get('meta') or {})
        except ValueError as error:
            fail(f'test_dataloader.dataset: {error}')
        for dataset in datasets:
            dataset['metainfo'] = known


def name_outputs(runner: Runner) -> None:
    """Tell the metrics the names of the files, which depend on all images of the test."""
    dataset = runner.test_loop.dataloader.dataset
    metrics = [m for m in runner.test_evaluator.metrics if isinstance(m, NamedIoUMetric)]
    if not metrics or not hasattr(dataset, 'get_data_info'):
        return
    images = list(dict.fromkeys(dataset.get_data_info(i)['img_path'] for i in range(len(dataset))))
    try:
        names = dict(zip(images, flat_names_of([Path(image) for image in images]), strict=True))
    except ValueError as error:
        fail(f'--out: {error}')
    for metric in metrics:
        metric.names = names


def metrics_of(cfg: Config) -> Iterator[Config]:
    """Configs of the metrics of a test."""
    evaluator = cfg.test_evaluator
    if isinstance(evaluator, dict):
        evaluator = evaluator.get('metrics', evaluator)
    yield from evaluator if isinstance(evaluator, list | tuple) else [evaluator]


def _has_labels(cfg: Config) -> bool:
    return all(
        domain.dataset is None  # which is reported elsewhere
        or (domain.reads_labels and domain.prefix('seg_map_path') is not None)
        for domain in _domains(cfg)
    )


def _domains(cfg: Config) -> Iterator:
    part = Config(dict(test_dataloader=cfg.test_dataloader.to_dict()))
    for domain in domains_of(part):
        build(domain)
        yield domain
