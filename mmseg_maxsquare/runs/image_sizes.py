"""Images of different sizes, among all that a run will read."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from mmseg_maxsquare.data_files import BadFileError
from mmseg_maxsquare.datasets.uda_sampler import seeded

HEADERS = 20_000  # images of a data set whose size is read
LOADED = 6  # different sizes of which an image is loaded, and more for the lowest and narrowest
DRAWS = 2  # of the random steps of a pipeline, for each size
Size = tuple[int, int]  # width and height


@dataclass
class Part:
    """A data set as a loader reads it.

    Attributes:
        field: Its loader, such as ``'train_dataloader'``.
        domain: ``'source'`` or ``'target'`` of a UDADataset, else ''.
        paths: Its images.
        load: Result of the pipeline for the image of a number.
        batch_size: Of the loader.
        training: Whether the network is trained on it.
    """

    field: str
    domain: str
    paths: list[str]
    load: Callable[[int], dict]
    batch_size: int
    training: bool

    @property
    def where(self) -> str:
        """Field of the data set."""
        return f'{self.field}.dataset' + (f'.{self.domain}' if self.domain else '')


class PipelineError(Exception):
    """A pipeline that fails on an image; the message has the image and the reason."""


def evenly(count: int, most: int) -> range:
    """At most ``most`` numbers below ``count``, evenly spaced."""
    return range(0, count, max(1, -(-count // most)))


def sizes_of(paths: list[str]) -> dict[Size, int]:
    """The different sizes of images, smallest first, each with the number of one image."""
    found: dict[Size, int] = {}
    for number in evenly(len(paths), HEADERS):
        try:
            with Image.open(paths[number]) as image:  # reads no pixels
                found.setdefault(image.size, number)
        except Exception:  # in memory, or the decoder reports it when the image is read
            continue
    return dict(sorted(found.items(), key=lambda item: (item[0][0] * item[0][1], item[0])))


def representatives(sizes: dict[Size, int]) -> list[Size]:
    """Some of the sizes, smallest first: extremes of area, width and height among them."""
    every = list(sizes)
    if len(every) <= LOADED:
        return every
    chosen = {every[i * (len(every) - 1) // (LOADED - 1)] for i in range(LOADED)}
    for pick in (min, max):
        chosen |= {pick(every, key=lambda size: size[0]), pick(every, key=lambda size: size[1])}
    return [size for size in every if size in chosen]


def load_samples(part: Part, sizes: dict[Size, int]) -> list[dict]:
    """Results of the pipeline for images of different sizes.

    Args:
        part: The data set.
        sizes: From :func:`sizes_of`.

    Raises:
        BadFileError: If an image or label cannot be used; the message names it.
        OSError: If it cannot be read.
        PipelineError: If the pipeline fails on it in another way.
    """
    numbers = [sizes[size] for size in representatives(sizes)] or [0] * bool(part.paths)
    samples = []
    for number in numbers:
        for draw in range(DRAWS if part.training else 1):
            try:
                with seeded(draw):
                    samples.append(part.load(number))
            except (BadFileError, OSError):
                raise
            except Exception as error:  # of any step of a pipeline
                raise PipelineError(part.paths[number], error) from error
    return samples


def keeps_sizes(samples: list[dict], sizes: dict[Size, int]) -> bool:
    """Whether the pipeline gives images of the sizes that the files have."""
    shapes = {tuple(getattr(sample['inputs'], 'shape', ())[1:]) for sample in samples}
    return shapes == {(height, width) for width, height in representatives(sizes)}
