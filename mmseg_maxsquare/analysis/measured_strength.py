"""The strength of a config's target terms at a checkpoint."""

from collections.abc import Iterator, Sequence

from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from mmseg.registry import MODELS

from mmseg_maxsquare.engine import load_only_safely
from mmseg_maxsquare.engine.strength import BATCHES, strength
from mmseg_maxsquare.models.uda_segmentor import UDASegmentor
from mmseg_maxsquare.runs.checkpoints import require_checkpoint
from mmseg_maxsquare.runs.config import load_config
from mmseg_maxsquare.runs.errors import BUILD_ERRORS, fail, one_line, one_line_errors
from mmseg_maxsquare.runs.fit import load_fitting
from mmseg_maxsquare.runs.models import usable_device
from mmseg_maxsquare.runs.progress import progress


def measured_strength(
    config: str,
    checkpoint: str,
    batches: int = BATCHES,
    device: str | None = None,
    options: Sequence[str] = (),
) -> dict[str, float]:
    """Strength of every head; exits with one line if something does not fit.

    Args:
        config: Of an adaptation with a source.
        checkpoint: Weights at which it is measured, such as the source model's; with the
            networks of a method if it has any.
        batches: Batches of each domain. Defaults to 64.
        device: Where the model runs. Defaults to the accelerator, if there is one.
        options: Overrides of the config, ``field=value``.

    Returns:
        See :func:`~mmseg_maxsquare.engine.strength.strength`.
    """
    load_only_safely()
    cfg = load_config(config, options, loaders=('train_dataloader',))
    require_checkpoint(checkpoint, 'checkpoint', 'a training run writes them to its work dir')
    init_default_scope(cfg.get('default_scope') or 'mmseg')
    place = usable_device(device)
    seed = (cfg.get('randomness') or {}).get('seed') or 0  # the same batches every time
    try:
        if cfg.model.backbone.get('pretrained'):
            cfg.model.backbone.pretrained = None
        model = MODELS.build(cfg.model)
        if not isinstance(model, UDASegmentor) or not cfg.train_dataloader.dataset.get('source'):
            fail(f'config: {config}: strength needs an adaptation with a source')
        load_fitting(checkpoint, model)
        loader = Runner.build_dataloader(cfg.train_dataloader, seed=seed)
    except BUILD_ERRORS as error:
        fail(one_line(error))
    with one_line_errors(cfg), progress('strength', batches) as advance:

        def counted() -> Iterator[dict]:
            for batch in loader:
                yield batch
                advance()

        found = strength(model.to(place).train(), counted(), batches)
    if not found:
        fail(
            f'config: {config}: its target terms do not reach the logits of a head, so they have '
            'no strength; take a config of a method that acts on predictions'
        )
    return found
