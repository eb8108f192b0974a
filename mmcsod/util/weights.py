"""Weights that the package carries: ``mmcsod://NAME`` in the ``init_cfg`` of any config that imports mmcsod.

The wheel holds them, so that a config finds them from any folder.
"""

from pathlib import Path
from typing import Any

import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmcsod.util.errors import UserError

SCHEME = 'mmcsod://'


def carried_file(source: str) -> Path:
    """Return the file of weights called ``mmcsod://NAME``."""
    folder = Path(__file__).parents[1] / '.mim' / 'weights'
    path = folder / source.removeprefix(SCHEME)
    if not path.is_file():
        there = ', '.join(sorted(SCHEME + file.name for file in folder.glob('*.pth')))
        raise UserError(f'mmcsod carries no weights {source}; it carries {there or "none in this installation"}.')
    return path


@CheckpointLoader.register_scheme(prefixes=SCHEME, force=True)
def _load(filename: str, map_location: Any = None, logger: Any = None) -> Any:
    """Read carried weights; MMEngine calls this for every checkpoint with the scheme."""
    return torch.load(carried_file(filename), map_location=map_location, weights_only=True)
