"""Whether a copy of a published data set is complete."""

import os

from mmseg.datasets import CityscapesDataset

from mmseg_maxsquare.data_files import list_files
from mmseg_maxsquare.datasets import (
    CamVidDataset,
    CityscapesLabelIdDataset,
    GTA5Dataset,
    NTHUDataset,
    Office31Dataset,
    SYNTHIADataset,
)
from mmseg_maxsquare.runs.domains import Domain
from mmseg_maxsquare.runs.errors import some

from .lists import reads

# Number of images in the published data sets, by the end of the image folder, or by domain.
PUBLISHED = {
    GTA5Dataset: dict(images=24966),
    SYNTHIADataset: dict(RGB=9400),
    CityscapesLabelIdDataset: dict(train=2975, val=500),
    CityscapesDataset: dict(train=2975, val=500),
    NTHUDataset: dict(Train=3200, Test=100),
    Office31Dataset: dict(amazon=2817, webcam=795, dslr=498),
    CamVidDataset: dict(train=367, val=101, test=233),
}
NUMBERED = (GTA5Dataset, SYNTHIADataset)  # names are consecutive numbers


def check_complete(domain: Domain) -> None:
    """Fewer images than published, unless the config selects a subset."""
    folder, dataset = domain.prefix('img_path'), domain.built
    counts = PUBLISHED.get(type(dataset), {})
    part = os.path.basename(os.path.normpath(folder or ''))
    total = counts.get(getattr(dataset, 'domain', part))
    chosen = dataset.ann_file or getattr(dataset, 'drives', None)
    if total is None or chosen or not folder or not os.path.isdir(folder):
        return
    names = [name for name in list_files(folder, '') if reads(domain, name)]
    if not 0 < len(names) < total:
        return
    what = f'{len(names)} of the {total} images that the published data set has'
    gaps = _gaps(names) if isinstance(dataset, NUMBERED) else []
    if gaps:
        what += f'; missing between the first and the last: {some(gaps, 10)}'
    remedy = 'complete the copy (was every archive unpacked?), unless the subset is intended'
    domain.add('warning', 'partial copy', folder, what, remedy)


def _gaps(names: list[str]) -> list[str]:
    """Missing numbers, written like the file names."""
    stems = {os.path.splitext(name)[0] for name in names}
    numbers = sorted(int(stem) for stem in stems if stem.isdecimal())
    if not numbers:
        return []
    width = len(min(stems))
    everything = (f'{i:0{width}d}' for i in range(numbers[0], numbers[-1] + 1))
    return [stem for stem in everything if stem not in stems]
