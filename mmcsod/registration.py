"""Registering with MMDetection, whoever is imported first.

``custom_imports=['mmcsod']`` is read wherever a config is: before MMDetection is loaded or after, and in processes that
imported mmcsod long ago, where Python does not run it again. So ``import mmcsod`` leaves a watch on ``mmdet.registry``,
without which nothing of MMDetection is ever built, and the hooks and datasets register as soon as that is loaded.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

REGISTRY = 'mmdet.registry'
REGISTERING = ('mmcsod.hooks', 'mmcsod.datasets', 'mmcsod.util.weights')


def register() -> None:
    """Import what registers itself; these modules import little, since all of MMDetection may be waiting for them."""
    importlib.import_module('mmcsod.util.quiet').silence()
    for name in REGISTERING:
        importlib.import_module(name)


def register_with_mmdet() -> None:
    """Register now if MMDetection's registries are there, else once they are."""
    if REGISTRY in sys.modules:
        register()
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


class _Watch(MetaPathFinder):
    """Finds nothing itself; has the module that the others find run :func:`register` when it has been executed."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name != REGISTRY:
            return None
        sys.meta_path.remove(self)
        found = (finder.find_spec(name, path, target) for finder in list(sys.meta_path))
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            _register_after(spec.loader)
        return spec


def _register_after(loader: object) -> None:
    execute = loader.exec_module  # type: ignore[attr-defined]

    def execute_and_register(module: ModuleType) -> None:
        execute(module)
        register()

    loader.exec_module = execute_and_register  # type: ignore[attr-defined]
