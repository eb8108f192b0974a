"""Samples from worker processes."""

import resource
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from torch.utils.data import DataLoader, Dataset

from mmcsod.features.dataset import Sample
from mmcsod.util.errors import UserError

PATIENCE = 600
"""Seconds that one image may take."""

FILES_OF_A_WORKER, OTHER_FILES = 4, 16
"""Files, pipes most of them, that are open for each process that loads, and for the rest of an extraction."""


def load_samples(images: Dataset, indices: Sequence[int], num_workers: int, ahead: int) -> Iterator[Sample]:
    """Yield the :class:`Sample` of each index, in their order; each of ``num_workers`` processes loads some ``ahead``.

    Raises:
        UserError: If such a process ends, or takes longer than ``PATIENCE`` for one image; or if the system does not
            let this one open as many files as they take.
    """
    if num_workers:
        _check_open_files(FILES_OF_A_WORKER * num_workers + OTHER_FILES)
    workers: dict[str, Any] = {'prefetch_factor': ahead, 'timeout': PATIENCE} if num_workers else {}
    try:
        yield from DataLoader(images, batch_size=None, sampler=indices, num_workers=num_workers, **workers)
    except (RuntimeError, OSError) as error:  # PyTorch's word for a worker that was killed, and the system's for limits
        raise UserError(
            f'The processes that load images failed ({str(error).splitlines()[0]}): most likely memory or '
            'open files ran out, or the storage hangs. What is done is kept: go on with --resume and fewer '
            '--num-workers.'
        ) from error


def _check_open_files(needed: int) -> None:
    # PyTorch, when it runs out of them, leaves a half-made loader behind that ends in a traceback.
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_open = len(list(Path('/proc/self/fd').iterdir()))
    if limit != resource.RLIM_INFINITY and limit - is_open < needed:
        raise UserError(
            f'Loading images with so many processes takes up to {needed} more files open, and the system allows '
            f"{limit}, of which {is_open} are; raise that ('ulimit -n {limit + needed}'), or give fewer --num-workers."
        )
