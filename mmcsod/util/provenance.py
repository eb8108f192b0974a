"""What a result was made with, as plain JSON."""

from __future__ import annotations

import json
from typing import Any

from mmcsod.version import __version__


def versions() -> dict[str, str]:
    """Return the versions of what computed the features."""
    import mmcv
    import mmdet
    import mmengine
    import torch

    modules = {'mmengine': mmengine, 'mmcv': mmcv, 'mmdet': mmdet, 'torch': torch}
    return {'mmcsod': __version__} | {name: str(module.__version__) for name, module in modules.items()}


def json_values(value: Any) -> Any:
    """Return a config value as plain JSON: types and other objects by their names."""
    return json.loads(json.dumps(value, default=str))
