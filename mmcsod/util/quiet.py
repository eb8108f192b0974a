"""Messages of other packages that nobody can act on."""

import importlib
import warnings
from functools import cache
from typing import Any

import mmengine.logging

WARNING = 'faster_coco_eval is not installed'
"""Of a metric that nothing here uses."""
PRINTED = ('Could not import OneDL', 'loading annotations into memory', 'Done (t=', 'creating index', 'index created')
"""How lines begin that are printed when MMDetection and annotation files are loaded."""


@cache
def silence() -> None:
    """Drop these messages, and no others, from now on, in this process."""
    warnings.filterwarnings('ignore', message=WARNING)
    mmengine.logging.print_log = _except_silenced(mmengine.logging.print_log)
    vars(importlib.import_module('pycocotools.coco'))['print'] = _except_silenced(print)  # MMDetection's dependency


def _except_silenced(write: Any) -> Any:
    def write_others(message: Any = '', *args: Any, **options: Any) -> None:
        if not str(message).startswith(PRINTED):
            write(message, *args, **options)

    return write_others
