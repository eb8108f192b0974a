"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mmcsod.errors import UserError


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` through a temporary file beside it and an atomic rename.

    Raises:
        UserError: If the folder cannot be made or the disk refuses the bytes; nothing is left behind.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f'.{path.name}.', dir=path.parent)
        with os.fdopen(descriptor, 'w', encoding='utf-8') as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o666 & ~_umask())
        Path(temporary).replace(path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise UserError(f'{path} could not be written ({error.strerror}); nothing was changed.') from error


@contextmanager
def new_directory(path: str | Path) -> Iterator[Path]:
    """Give a temporary folder that becomes ``path`` when the block ends well, and vanishes when it fails.

    Raises:
        UserError: If ``path`` exists already or the disk refuses something.
    """
    path = Path(path)
    if path.exists():
        raise UserError(f'{path} exists already; remove it or name another folder.')
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f'.{path.name}.', dir=path.parent))
        yield temporary
        temporary.chmod(0o755)
        temporary.rename(path)
    except OSError as error:
        raise UserError(f'{path} could not be written ({error}); nothing was changed.') from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; see :func:`write_text`."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + '\n')


def read_json(path: str | Path, what: str) -> Any:
    """Read a JSON file that is called ``what`` in error messages.

    Raises:
        UserError: If the file is missing, unreadable or not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise UserError(f'{what} {path} cannot be read: {error.strerror}.') from error
    except ValueError as error:
        raise UserError(f'{path} is not {what}: it is not valid JSON ({error}).') from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
