"""What the kernels on a GPU share."""

import contextlib
from collections.abc import Iterator

from mmcsod.selection.kernels.base import HALF_ULP, missing_package
from mmcsod.util.errors import UserError

try:
    import torch as torch  # for the other modules, too
except ImportError as error:
    raise missing_package('torch', error) from error

ROOM = 1.1
"""Free memory wanted on a GPU, of the size of the vectors."""

QUERY_RANGE = 2.0**12
"""Largest element of a float16 query: within range, and far above where float16 loses relative precision."""

TENSOR_CORE_ULP = 4 * HALF_ULP
"""Tensor cores accumulate in float32 but truncate, also when they align the addends."""


def has_gpu(num_bytes: int = 0) -> bool:
    """Return whether PyTorch can use a GPU with this much free memory."""
    return torch.cuda.is_available() and torch.cuda.mem_get_info()[0] > ROOM * num_bytes


def find_device(name: str | None = None) -> torch.device:
    """Return a device; by default a GPU if there is one, else the CPU."""
    return torch.device(name or ('cuda' if has_gpu() else 'cpu'))


@contextlib.contextmanager
def telling_of_full_memory() -> Iterator[None]:
    """Turn PyTorch's error about a full GPU into one sentence."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        raise UserError(
            'The vectors do not fit into the memory of the GPU; store them as float16, or choose the '
            'kernel pruned or numpy, which run on the CPU.'
        ) from error
