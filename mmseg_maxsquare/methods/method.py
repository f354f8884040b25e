"""What a method is: terms on the predictions of both domains, and networks of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from torch import Tensor, nn


@dataclass(frozen=True)
class Predictions:
    """What the model gives for the images of one domain in one step.

    Attributes:
        levels: Logits ``(B, C, *spatial)`` at the size of the images, by the name of the head,
            such as ``'decode_head'``; only those that a method asks for.
        features: Feature maps of the backbone, as the heads get them.
        ignore: Boolean ``(B, *spatial)``, True for pixels that are not of the image; None if
            there are none.
        labels: int64 ``(B, *spatial)`` of the source; None for the target.
        static: Boolean ``(B, *spatial)``, True where a user's mask says that nothing moves;
            None without masks.
    """

    levels: dict[str, Tensor]
    features: Sequence[Tensor]
    ignore: Tensor | None = None
    labels: Tensor | None = None
    static: Tensor | None = None

    def detached(self) -> 'Predictions':
        """The same values without the graph that has computed them."""
        levels = {name: logits.detach() for name, logits in self.levels.items()}
        return replace(self, levels=levels, features=[f.detach() for f in self.features])


class Method(nn.Module):
    """Base of the methods that ask more of the predictions than a target loss does.

    In each step the model calls :meth:`source_terms` in the source pass and
    :meth:`target_terms` in the target pass; what they return is added to the losses of that
    pass. With networks that have an optimizer of their own it then calls
    :meth:`network_terms` for each domain, on predictions without a graph, so that those
    networks see what the model predicted before the update.

    A subclass sets in ``__init__`` what it needs of the following.

    Attributes:
        levels: Names of the heads whose logits it reads.
        reads_source: Whether it reads predictions of source images.
        own_optimizer: Whether its parameters are trained by an optimizer of their own,
            ``optim_wrapper.methods``, instead of the model's.
        smallest_side: Pixels that the images need on each side.
    """

    def __init__(self) -> None:
        super().__init__()
        self.levels: tuple[str, ...] = ()
        self.reads_source = False
        self.own_optimizer = False
        self.smallest_side = 1

    def build_networks(self, model: nn.Module) -> None:
        """Make the networks of the method, which may depend on the model's classes and channels.

        Raises:
            ValueError: If the method does not fit the model.
        """

    def source_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Terms to add in the source pass; those with "loss" in the name are summed."""
        return {}

    def target_terms(self, seen: Predictions) -> dict[str, Tensor]:
        """Terms to add in the target pass; those with "loss" in the name are summed."""
        return {}

    def network_terms(self, domain: str, seen: Predictions) -> dict[str, Tensor]:
        """Losses that train the method's own networks.

        Args:
            domain: ``'source'`` or ``'target'``.
            seen: Predictions of this step, without a graph.
        """
        return {}


@contextmanager
def frozen(network: nn.Module) -> Iterator[None]:
    """Parameters of a network get no gradients; what goes into it does."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in parameters:
            parameter.requires_grad_(True)
