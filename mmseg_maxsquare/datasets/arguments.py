"""Arguments of mmengine's data sets that some of ours cannot use: refused, not ignored."""

from typing import Any

# What each argument is unless it is set, and what to do instead.
UNUSED: dict[str, tuple[tuple, str]] = {
    'ann_file': (('',), 'it has no list of images; leave ann_file out'),
    'backend_args': ((None,), 'files are read from local folders; leave backend_args out'),
    'data_prefix': (({}, dict(img_path=''), None), 'its folders are fixed; leave data_prefix out'),
    'data_root': ((None, ''), 'it reads no folder; leave data_root out'),
    'filter_cfg': (
        (None, {}),
        'nothing is filtered; list the images to use in an ann_file, or choose them with indices',
    ),
    'ignore_index': ((255,), 'ignored pixels are 255 here; leave ignore_index out'),
    'metainfo': ((None, {}), 'its classes are fixed; leave metainfo out'),
    'orientation': (('shown',), 'its images are in memory; leave orientation out'),
    'reduce_zero_label': (
        (False,),
        'the table of the data set says what each id means; leave reduce_zero_label out',
    ),
    'seg_map_suffix': (('.png',), 'it has no labels; leave seg_map_suffix out'),
}


def refuse_unused(dataset: object, given: dict[str, Any], *names: str) -> None:
    """Refuse arguments that a data set would not read.

    Args:
        dataset: The data set, for the message.
        given: Its arguments.
        names: Keys of UNUSED: those that it does not read.

    Raises:
        ValueError: If one is set.
    """
    for name in names:
        defaults, remedy = UNUSED[name]
        if name in given and given[name] not in defaults:
            raise ValueError(f'{type(dataset).__name__}: {name}={given[name]!r}: {remedy}')
    metainfo = given.get('metainfo')
    if isinstance(metainfo, dict) and 'label_map' in metainfo:
        raise ValueError(
            f'{type(dataset).__name__}: metainfo.label_map: the table of the data set says what '
            'each id means; name the classes to use with metainfo.classes'
        )
