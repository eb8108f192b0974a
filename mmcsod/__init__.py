"""Coreset Selection for Object Detection (CSOD, CVPRW 2024) for MMDetection.

``import mmcsod`` is cheap and needs no detector: Stage 2 runs wherever numpy does. Where MMDetection is loaded, before
or after, :class:`GTRoIFeatureHook` and :class:`CoresetDataset` are in its registries.
"""

import importlib
from typing import TYPE_CHECKING, Any

from mmcsod.registration import register, register_with_mmdet
from mmcsod.version import __version__ as __version__

if TYPE_CHECKING:
    from mmcsod.export import export_coreset as export_coreset
    from mmcsod.features.extract import extract_bank as extract_bank
    from mmcsod.records.bank import FeatureBank as FeatureBank
    from mmcsod.records.coreset import Coreset as Coreset
    from mmcsod.records.coreset import Pick as Pick
    from mmcsod.report.analyze import analyze as analyze
    from mmcsod.report.page import write_report as write_report
    from mmcsod.selection import select_coreset as select_coreset
    from mmcsod.training.retrain import retrain as retrain
    from mmcsod.util.errors import UserError as UserError

_EXPORTS = {
    'Coreset': 'mmcsod.records.coreset',
    'FeatureBank': 'mmcsod.records.bank',
    'Pick': 'mmcsod.records.coreset',
    'UserError': 'mmcsod.util.errors',
    'analyze': 'mmcsod.report.analyze',
    'export_coreset': 'mmcsod.export',
    'extract_bank': 'mmcsod.features.extract',
    'retrain': 'mmcsod.training.retrain',
    'select_coreset': 'mmcsod.selection',
    'write_report': 'mmcsod.report.page',
}
# A literal: the site's reference reads it without importing.
__all__ = [
    'Coreset',
    'FeatureBank',
    'Pick',
    'UserError',
    '__version__',
    'analyze',
    'export_coreset',
    'extract_bank',
    'register_all_modules',
    'retrain',
    'select_coreset',
    'write_report',
]


def __getattr__(name: str) -> Any:
    if name not in _EXPORTS:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(importlib.import_module(_EXPORTS[name]), name)


def __dir__() -> list[str]:
    return __all__


def register_all_modules() -> None:
    """Register mmcsod's hooks and dataset wrapper with MMDetection's registries, loading those if need be."""
    register()


register_with_mmdet()
