"""Registers our components in mmseg's registries, right after mmseg's own.

A registry of mmseg imports the module with mmseg's components at its first look-up. An
import hook waits for that import, so that importing this package is cheap and uses no
private part of mmengine.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from .stack import require_stack, without_onedl_line

# Our modules to import after a module of the stack. ``engine`` is imported with the models,
# too: its model wrapper is looked up in the registry of models.
AFTER = {
    'mmseg.models': ('models', 'methods', 'engine'),
    'mmseg.datasets': ('datasets',),
    'mmseg.engine': ('engine',),
    'mmseg.evaluation': ('evaluation',),
    'torch': ('safe_types',),  # so that a plain torch.load accepts our checkpoints
}


# Parts that can be used without an installed stack.
NEED_NO_STACK = ('losses', 'cli', 'shipped', 'stack', '__main__')


class AfterImport(MetaPathFinder):
    """Finds the modules of ``AFTER`` as Python does, and imports ours after them."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        if name not in AFTER:
            return None
        others = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: ModuleType) -> None:
            if name == 'torch':
                execute(module)
            else:
                with without_onedl_line():
                    execute(module)
            import_ours(name)

        # Each spec has its own loader object, so this affects no other import.
        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


class NeedsStack(MetaPathFinder):
    """Raises the error about a missing stack when a part that needs one is imported."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """See :class:`importlib.abc.MetaPathFinder`.

        Raises:
            ImportError: States what was found and what to type.
        """
        package, _, room = name.partition('.')
        if package == __package__ and room.partition('.')[0] not in NEED_NO_STACK:
            require_stack()


def register_with_mmseg() -> None:
    """Register our components now, or when the modules of the stack are imported."""
    sys.meta_path.insert(0, AfterImport())
    for name in AFTER:
        if name in sys.modules:
            import_ours(name)


def import_ours(name: str) -> None:
    """Import our modules that belong to an imported module of the stack."""
    for room in AFTER[name]:
        import_module(f'{__package__}.{room}')
