"""Coreset Selection for Object Detection (CSOD, CVPRW 2024) for MMDetection.

``import mmcsod`` is cheap and needs no detector: Stage 2 runs wherever numpy does. In a process that has loaded
MMEngine already, which is where ``custom_imports`` is read, it also registers :class:`GTRoIFeatureHook` and
:class:`CoresetDataset` if MMDetection is installed; anywhere else :func:`register_all_modules` does.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import TYPE_CHECKING, Any

from mmcsod.version import __version__

if TYPE_CHECKING:
    from mmcsod.bank import FeatureBank
    from mmcsod.coreset import Coreset, Pick
    from mmcsod.errors import UserError
    from mmcsod.selection import select_coreset

_EXPORTS = {
    'Coreset': 'mmcsod.coreset',
    'FeatureBank': 'mmcsod.bank',
    'Pick': 'mmcsod.coreset',
    'UserError': 'mmcsod.errors',
    'select_coreset': 'mmcsod.selection',
}
__all__ = ['Coreset', 'FeatureBank', 'Pick', 'UserError', '__version__', 'register_all_modules', 'select_coreset']


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(_EXPORTS[name]), name)


def register_all_modules() -> None:
    """Register mmcsod's hook and dataset wrapper with MMDetection's registries."""
    for module in ('mmcsod.hooks', 'mmcsod.datasets'):
        importlib.import_module(module)


if 'mmengine' in sys.modules and importlib.util.find_spec('mmdet') is not None:
    register_all_modules()
