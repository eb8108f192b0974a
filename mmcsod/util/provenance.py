"""What a result was made with, as plain JSON."""

import json
from collections.abc import Mapping
from typing import Any

from mmcsod.util.files import json_digest
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


def weights_digest(identity: Mapping[str, Any]) -> str | None:
    """Return one digest of the weights in a bank's ``identity``: of each tensor, or of all, as in version 0.1."""
    weights = identity.get('weights')
    return json_digest(weights) if isinstance(weights, Mapping) else weights
