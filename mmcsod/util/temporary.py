"""Temporary files and folders that a later process can tell from those that another is writing now."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


@contextlib.contextmanager
def temporary_beside(path: Path, make: Callable[[Path, str], Path]) -> Iterator[Path]:
    """Give a hidden sibling of ``path`` that is removed afterwards, and remove those that killed processes left.

    Whoever writes to a sibling holds a lock on it, and the system drops that lock when its process ends.

    Args:
        path: What the sibling is to become.
        make: Makes a new file or folder beside a path with a prefix.

    Raises:
        OSError: If it cannot be made.
    """
    prefix = f'.{path.name[:100]}.tmp-'
    _remove_abandoned(path.parent, prefix)
    sibling, descriptor = _make_locked(path, prefix, make)
    try:
        yield sibling
    finally:
        remove(sibling)
        os.close(descriptor)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all it holds; nothing if it is gone.

    Raises:
        OSError: If something cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _make_locked(path: Path, prefix: str, make: Callable[[Path, str], Path]) -> tuple[Path, int]:
    while True:
        sibling = make(path, prefix)
        descriptor = os.open(sibling, os.O_RDONLY)
        with contextlib.suppress(OSError):  # some network file systems know no locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if sibling.exists():  # nobody took it for abandoned before it was locked
            return sibling, descriptor
        os.close(descriptor)


def _remove_abandoned(folder: Path, prefix: str) -> None:
    with contextlib.suppress(OSError):  # litter is no reason not to write
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(prefix):
                _remove_if_abandoned(Path(entry.path))


def _remove_if_abandoned(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(path)
    finally:
        os.close(descriptor)
