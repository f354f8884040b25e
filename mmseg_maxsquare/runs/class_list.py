"""Classes and colours of a model."""

from collections.abc import Iterator
from typing import Any

from mmengine.config import Config
from mmseg.registry import DATASETS


def class_list(cfg: Config, meta: dict[str, Any]) -> dict[str, Any]:
    """Classes and palette: the checkpoint's, else those of a data set of the config.

    Args:
        cfg: The config of the model; its data need not be on the disk.
        meta: ``meta`` of the checkpoint.

    Raises:
        ValueError: If neither has a class list, or it has not the model's number of classes.
    """
    found = _of_checkpoint(meta) or _of_config(cfg)
    head = cfg.model.decode_head
    count = (head[-1] if isinstance(head, list | tuple) else head).get('num_classes')
    if not found:
        raise ValueError(
            'neither the checkpoint (meta.dataset_meta) nor a data set of the config has a class '
            'list; give a data set of the config metainfo=dict(classes=(...), palette=[...])'
        )
    if count is not None and len(found['classes']) != count:
        raise ValueError(
            f'model.decode_head.num_classes is {count}, but the class list has '
            f'{len(found["classes"])}: {list(found["classes"])[:5]} ...; correct one of them'
        )
    return found


def _of_checkpoint(meta: dict[str, Any]) -> dict[str, Any] | None:
    known = meta.get('dataset_meta') or {}
    places = (known, 'classes'), (known, 'CLASSES'), (meta, 'CLASSES')
    found = [part[key] for part, key in places if part.get(key) is not None]
    places = (known, 'palette'), (known, 'PALETTE'), (meta, 'PALETTE')
    palettes = [part[key] for part, key in places if part.get(key) is not None]  # may be arrays
    return _complete(*(values[0] if values else None for values in (found, palettes)))


def _of_config(cfg: Config) -> dict[str, Any] | None:
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset')
        for part in leaves(dataset) if isinstance(dataset, dict) else ():
            kind = part.get('type')
            kind = DATASETS.get(kind) if isinstance(kind, str) else kind
            known = {**getattr(kind, 'METAINFO', {}), **(part.get('metainfo') or {})}
            if 'classes' in (part.get('metainfo') or {}) and 'palette' not in part['metainfo']:
                known['palette'] = _colours_by_name(kind, known['classes'])
            if found := _complete(known.get('classes'), known.get('palette')):
                return found
    return None


def _colours_by_name(kind: object, classes: list[str]) -> list[list[int]] | None:
    """Colours of some of a data set's classes."""
    own = getattr(kind, 'METAINFO', {})
    known = dict(zip(own.get('classes', ()), own.get('palette', ()), strict=False))
    known.update(getattr(kind, 'COLOURS', {}))
    return [known[name] for name in classes] if all(name in known for name in classes) else None


def _complete(classes: Any, palette: Any) -> dict[str, Any] | None:
    """Plain lists of both; colours are made up if they are not known."""
    if not classes:
        return None
    if palette is None or isinstance(palette, str) or len(palette) != len(classes):
        palette = [colour(i) for i in range(len(classes))]
    return dict(
        classes=[str(name) for name in classes],
        palette=[[int(value) for value in rgb] for rgb in palette],
    )


def colour(index: int) -> list[int]:
    """A colour for a class without one: the PASCAL VOC palette."""
    rgb = [0, 0, 0]
    number = index + 1
    for bit in range(8):
        for channel in range(3):
            rgb[channel] |= ((number >> channel) & 1) << (7 - bit)
        number >>= 3
    return rgb


def leaves(dataset: dict) -> Iterator[dict]:
    """All data sets inside wrappers, and the source of a UDADataset."""
    inner = dataset.get('datasets') or [
        dataset[key] for key in ('dataset', 'source') if isinstance(dataset.get(key), dict)
    ]
    for part in inner:
        yield from leaves(part)
    if not inner:
        yield dataset
