"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmcsod.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a temporary file of the same suffix that replaces ``path`` when the block ends well, and vanishes otherwise.

    Raises:
        UserError: If the folder cannot be made or the disk refuses something.
    """
    path = Path(path)
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(prefix=f'.{path.stem}.', suffix=path.suffix, dir=path.parent)
        os.close(descriptor)
        temporary = Path(name)
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise UserError(f'{path} could not be written ({error.strerror or error}); nothing was changed.') from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all; see :func:`new_file`."""
    with new_file(path) as file:
        file.write_text(text, encoding='utf-8')


def write_figure(path: str | Path, figure: Figure, dpi: int) -> None:
    """Draw a figure into ``path``, whole or not at all, in the format that its suffix says; see :func:`new_file`.

    Raises:
        UserError: If the suffix is of no format that Matplotlib knows, or the file cannot be written.
    """
    with new_file(path) as file:
        try:
            figure.savefig(file, dpi=dpi)
        except ValueError as error:
            raise UserError(f'{path} could not be drawn: {error}.') from error


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


def _sync(path: Path) -> None:
    with path.open('rb') as file:
        os.fsync(file.fileno())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
