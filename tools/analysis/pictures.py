"""Pictures of finished rows: bars per class, and predictions side by side."""

import statistics
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmseg.apis import init_model
from mmseg.registry import DATASETS

from mmseg_maxsquare.engine.panel import colorize, heat, side_by_side

from report import Results

matplotlib.use('Agg')  # files only, no window

import matplotlib.pyplot as plt

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLOURS = ('#999999', '#0072B2', '#E69F00', '#009E73', '#CC79A7', '#56B4E9', '#D55E00')


def bar_chart(groups: dict[str, Results], classes: list[str], path: Path) -> None:
    """Write a PNG: IoU of every class as bars, one bar for each row; a panel per group.

    Args:
        groups: Metrics by title of the panel, row name and seed. The first row,
            such as the source model, is grey.
        classes: Classes along the axis.
        path: Where the picture goes.
    """
    width = max(7.0, 0.75 * len(classes) + 2)
    figure, panels = plt.subplots(
        len(groups), 1, figsize=(width, 3.4 * len(groups)), squeeze=False, layout='constrained'
    )
    for panel, (title, results) in zip(panels[:, 0], groups.items(), strict=True):
        places = np.arange(len(classes))
        bar = 0.8 / len(results)
        for number, (name, runs) in enumerate(results.items()):
            values = [[m.get(f'IoU.{c}', np.nan) for m in runs.values()] for c in classes]
            means = [statistics.fmean(v) for v in values]
            spread = [statistics.stdev(v) for v in values] if len(runs) > 1 else None
            panel.bar(
                places + (number - (len(results) - 1) / 2) * bar,
                means,
                bar,
                yerr=spread,
                label=name,
                color=COLOURS[number % len(COLOURS)],
                error_kw=dict(linewidth=0.7),
            )
        panel.set_xticks(places, classes, rotation=35, ha='right')
        panel.set(ylabel='IoU (%)', ylim=(0, 100))
        panel.set_title(title, loc='left', fontsize=10)
        panel.spines[['top', 'right']].set_visible(False)
        above = dict(loc='lower right', bbox_to_anchor=(1, 1), ncols=len(results))
        panel.legend(frameon=False, fontsize=8, **above)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


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
