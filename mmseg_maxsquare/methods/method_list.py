"""The methods of a model as one."""

from collections.abc import Collection

from torch import Tensor, nn

from .method import Method, Predictions


class MethodList(nn.ModuleList):
    """Adds up what several methods ask for, and keeps predictions for their networks.

    Args:
        methods: See :class:`Method`.
    """

    def __init__(self, methods: list[Method]) -> None:
        super().__init__(methods)
        self._seen: dict[str, Predictions] = {}

    @property
    def levels(self) -> tuple[str, ...]:
        """Heads whose logits some method reads, each once."""
        return tuple(dict.fromkeys(level for method in self for level in method.levels))

    @property
    def read_source(self) -> bool:
        """Whether some method reads predictions of source images."""
        return any(method.reads_source for method in self)

    @property
    def with_optimizer(self) -> list[Method]:
        """Methods whose networks have an optimizer of their own."""
        return [method for method in self if method.own_optimizer]

    def check_domains(self, domains: Collection[str]) -> None:
        """Raise ``TypeError`` if a method compares both domains and there is no source."""
        compare = [type(method).__name__ for method in self if method.reads_source]
        if compare and 'source' not in domains:
            raise TypeError(
                f'{compare[0]} compares both domains, but the data set has no '
                'source; give train_dataloader.dataset.source, or leave the method out'
            )

    def terms(self, domain: str, seen: Predictions) -> dict[str, Tensor]:
        """Terms of all methods in the pass of a domain."""
        terms: dict[str, Tensor] = {}
        for number, method in enumerate(self):
            _add(terms, getattr(method, f'{domain}_terms')(seen), number)
        if self.with_optimizer:
            self._seen[domain] = seen.detached()
        return terms

    def network_terms(self, domain: str) -> dict[str, Tensor]:
        """Losses of the methods' networks on this step's predictions, which are then dropped."""
        terms: dict[str, Tensor] = {}
        seen = self._seen.pop(domain)
        for number, method in enumerate(self):
            if method.own_optimizer:
                _add(terms, method.network_terms(domain, seen), number)
        return terms


def _add(terms: dict[str, Tensor], new: dict[str, Tensor], number: int) -> None:
    """Add the terms of a method; a name that an earlier one has taken gets the method's number."""
    for name, term in new.items():
        terms[f'{name}.methods.{number}' if name in terms else name] = term
