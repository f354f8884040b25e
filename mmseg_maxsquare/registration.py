"""When our components enter mmseg's registries: right after mmseg's own.

A registry of mmseg imports the module that holds mmseg's components at its first
look-up. We wait for that import with Python's own import system, so that importing
this package costs next to nothing, and rely on no private part of mmengine.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from .stack import require_stack, without_onedl_line

# What is imported after a module of the stack. ``engine`` comes with the models, too: its
# model wrapper is looked up where mmseg keeps models.
AFTER = {
    'mmseg.models': ('models', 'engine'),
    'mmseg.datasets': ('datasets',),
    'mmseg.engine': ('engine',),
    'mmseg.evaluation': ('evaluation',),
    'torch': ('safe_types',),  # torch.load takes our checkpoints by default
}


# What can be used where no stack is installed.
NEED_NO_STACK = ('losses', 'cli', 'shipped', 'stack', '__main__')


class AfterImport(MetaPathFinder):
    """Finds the modules of ``AFTER`` as Python does, and has ours imported after them."""

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

        # A spec has a loader of its own: nobody else sees this.
        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec


class NeedsStack(MetaPathFinder):
    """Where no stack is installed: says so at the import of what needs one."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> None:
        """See :class:`importlib.abc.MetaPathFinder`.

        Raises:
            ImportError: Says what was found and what to type.
        """
        package, _, room = name.partition('.')
        if package == __package__ and room.partition('.')[0] not in NEED_NO_STACK:
            require_stack()


def register_with_mmseg() -> None:
    """Have our components registered now, or when the stack's modules are imported."""
    sys.meta_path.insert(0, AfterImport())
    for name in AFTER:
        if name in sys.modules:
            import_ours(name)


def import_ours(name: str) -> None:
    """Import what belongs to a module of the stack that has been imported."""
    for room in AFTER[name]:
        import_module(f'{__package__}.{room}')
