"""Labels of a validation that have not the shape of their image: mmseg's loader accepts them."""

from collections.abc import Iterator

from mmengine.runner import Runner
from mmseg.datasets.transforms import LoadAnnotations
from PIL import Image
from torch.utils.data import Dataset

from .domains import Domain, label_loader
from .findings import Finding
from .sizes import HEADERS, evenly

REMEDY = 'replace one of them with the original, or leave the pair out with an ann_file'


def check_label_shapes(runner: Runner, loops: tuple[str, ...]) -> Iterator[Finding]:
    """Compare the headers of labels and images that are scored, up to 500 of each data set.

    Args:
        runner: Its loops are built.
        loops: Such as ``('val',)``.
    """
    for name in loops:
        loop = getattr(runner, f'{name}_loop')
        if loop is None:
            continue
        dataset = loop.dataloader.dataset
        for part in getattr(dataset, 'datasets', [dataset]):
            what = _first_fault(part) if _reads_as_mmseg(part) else None
            if what:
                yield Finding('error', 'labels', f'{name}_dataloader.dataset', what, REMEDY)


def _reads_as_mmseg(dataset: Dataset) -> bool:
    """Whether labels are read by mmseg's own step; this package's steps refuse such labels."""
    if not hasattr(dataset, 'get_data_info') or not hasattr(dataset, 'pipeline'):
        return False
    return type(label_loader(Domain('val', '', {}, dataset))) is LoadAnnotations


def _first_fault(dataset: Dataset) -> str | None:
    for number in evenly(len(dataset), HEADERS):
        info = dataset.get_data_info(number)
        path = info.get('seg_map_path')
        try:
            with Image.open(path) as label, Image.open(info['img_path']) as image:
                if len(label.getbands()) > 1:
                    return f'label {path} has {len(label.getbands())} channels, expected one of ids'
                if label.size != image.size:
                    ours, theirs = (f'{side.width}x{side.height}' for side in (label, image))
                    return f'label {path} is {ours}, its image {theirs} pixels'
        except (OSError, AttributeError, KeyError):  # without a file, or reported when it is read
            continue
    return None
