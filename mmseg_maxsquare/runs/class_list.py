"""Classes and colours of a model."""

from collections.abc import Iterator
from typing import Any

import numpy as np
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
    known = meta.get('dataset_meta') if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(known, dict | None):
        raise ValueError(
            'checkpoint: meta and meta.dataset_meta must be dicts, such as dict(classes=(...), '
            f'palette=[...]), got {known if isinstance(meta, dict) else meta!r}; correct the file'
        )
    known = known or {}
    classes = _first(known.get('classes'), known.get('CLASSES'), meta.get('CLASSES'))
    palette = _first(known.get('palette'), known.get('PALETTE'), meta.get('PALETTE'))
    return _complete('checkpoint: meta.dataset_meta', classes, palette)


def _first(*values: Any) -> Any:
    """The first that is not empty; arrays of numpy have no truth value."""
    return next((value for value in values if value is not None and len(value)), None)


def _of_config(cfg: Config) -> dict[str, Any] | None:
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        dataset = (cfg.get(loader) or {}).get('dataset')
        for part in leaves(dataset) if isinstance(dataset, dict) else ():
            kind = part.get('type')
            kind = DATASETS.get(kind) if isinstance(kind, str) else kind
            known = {**getattr(kind, 'METAINFO', {}), **(part.get('metainfo') or {})}
            if 'classes' in (part.get('metainfo') or {}) and 'palette' not in part['metainfo']:
                known['palette'] = _colours_by_name(kind, known['classes'])
            names, palette = known.get('classes'), known.get('palette')
            if found := _complete(f'{loader}.dataset: metainfo', names, palette):
                return found
    return None


def _colours_by_name(kind: object, classes: list[str]) -> list[list[int]] | None:
    """Colours of some of a data set's classes."""
    own = getattr(kind, 'METAINFO', {})
    known = dict(zip(own.get('classes', ()), own.get('palette', ()), strict=False))
    known.update(getattr(kind, 'COLOURS', {}))
    return [known[name] for name in classes] if all(name in known for name in classes) else None


def _complete(where: str, classes: Any, palette: Any) -> dict[str, Any] | None:
    """Plain lists of both; colours are made up if they are not known.

    Raises:
        ValueError: If one of them is no list of names or of colours.
    """
    if classes is None or not len(classes):
        return None
    names = classes if not isinstance(classes, str | dict) else [None]
    if not all(isinstance(name, str) for name in names):
        raise ValueError(f'{where}.classes must be a list of names, got {classes!r}; correct it')
    if palette is None or isinstance(palette, str) or len(palette) != len(classes):
        palette = [colour(i) for i in range(len(classes))]
    colours = _colours(palette)
    if colours is None:
        raise ValueError(
            f'{where}.palette must be a list of colours, three whole numbers from 0 to 255 each, '
            f'got {list(palette)[:2]} ...; correct it'
        )
    return dict(classes=list(map(str, classes)), palette=colours.astype(int).tolist())


def _colours(palette: Any) -> np.ndarray | None:
    """A palette ``(C, 3)``; None if it is none."""
    try:
        colours = np.asarray(palette)
    except ValueError:  # lists of several lengths
        return None
    if colours.ndim != 2 or colours.shape[1] != 3 or colours.dtype.kind not in 'uif':
        return None
    whole = (colours >= 0) & (colours <= 255) & (colours % 1 == 0)
    return colours if whole.all() else None


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
