"""Tables and picture sheets of finished rows."""

import statistics
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.apis import init_model
from mmseg.registry import DATASETS

from mmseg_maxsquare.engine.panel import colorize, heat, side_by_side

Results = dict[str, dict[int, dict[str, float]]]


def markdown_table(
    results: Results,
    references: Sequence[str],
    classes: list[str] | None = None,
    metric: str = 'mIoU',
) -> str:
    """Rows x (mIoU, differences to reference rows, IoU of each class), in percent.

    Args:
        results: Metrics by row name and seed.
        references: Rows that differences are taken to, seed by seed.
        classes: Classes to show. Defaults to None: all of the data set.
        metric: Which mean to show.

    Returns:
        Markdown; mean ± standard deviation (n - 1) over the seeds.
    """
    if classes is None:
        metrics = next(iter(results[references[0]].values()))
        classes = [key.removeprefix('IoU.') for key in metrics if key.startswith('IoU.')]
    titles = ['method', 'mIoU', *(f'vs {name}' for name in references), *classes]
    lines = ['| ' + ' | '.join(titles) + ' |', '|---' * len(titles) + '|']
    for name, runs in results.items():
        cells = [name, _spread([m[metric] for m in runs.values()])]
        for reference in references:
            others = results[reference]
            deltas = [m[metric] - others[seed][metric] for seed, m in runs.items()]
            cells.append('' if name == reference else _spread(deltas, '+'))
        cells += [f'{statistics.fmean(m[f"IoU.{c}"] for m in runs.values()):.1f}' for c in classes]
        lines.append('| ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def _spread(values: list[float], sign: str = '') -> str:
    """Mean, with ± standard deviation when there are several values."""
    text = f'{statistics.fmean(values):{sign}.1f}'
    return f'{text} ± {statistics.stdev(values):.1f}' if len(values) > 1 else text


def picture_sheet(
    config: Config,
    checkpoints: dict[str, Path],
    path: Path,
    count: int = 5,
    width: int = 320,
    show_data: bool = True,
) -> None:
    """Write a PNG: target image | truth | each model | confidence of the last one.

    Args:
        config: Config whose test data are shown.
        checkpoints: Checkpoints by title; each is loaded into a plain
            EncoderDecoder of the config, whatever it was trained as.
        path: Where the picture goes.
        count: Images, evenly spaced over the test set.
        width: Width of a tile in pixels.
        show_data: Show image and truth; False leaves only what the models say, for
            pictures of data that may not be passed on.
    """
    model_config = plain_model(config)
    models = {
        title: init_model(model_config, str(checkpoint), device='cpu')
        for title, checkpoint in checkpoints.items()
    }
    dataset = DATASETS.build(config.test_dataloader.dataset)
    palette = dataset.metainfo['palette']
    strips = []
    for index in np.linspace(0, len(dataset) - 1, count).round().astype(int):
        batch = pseudo_collate([dataset[int(index)]])
        sample = batch['data_samples'][0]
        image = cv2.cvtColor(cv2.imread(sample.img_path), cv2.COLOR_BGR2RGB)
        truth = colorize(sample.gt_sem_seg.data[0].numpy(), palette)
        tiles = {'target': image, 'truth': truth} if show_data else {}
        for title, model in models.items():
            with torch.no_grad():
                prediction = model.test_step(batch)[0]
            tiles[title] = colorize(prediction.pred_sem_seg.data[0].numpy(), palette)
        confidence = prediction.seg_logits.data.softmax(0).amax(0).numpy()
        tiles[f'confidence ({title})'] = heat(confidence)
        size = (width, round(width * image.shape[0] / image.shape[1]))
        strips.append(
            side_by_side(
                {k: cv2.resize(v, size, interpolation=cv2.INTER_AREA) for k, v in tiles.items()}
            )
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), cv2.cvtColor(np.vstack(strips), cv2.COLOR_RGB2BGR))


def plain_model(config: Config) -> Config:
    """The config with the plain EncoderDecoder that an adapted checkpoint fits."""
    config = Config(config.to_dict())
    config.model.type = 'EncoderDecoder'
    for key in ('target_loss', 'guidance', 'auxiliary_head'):
        config.model.pop(key, None)
    config.model.backbone.pretrained = None
    return config
