"""Files and folders that appear whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from mmcsod.util.errors import UserError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@contextmanager
def new_file(path: str | Path) -> Iterator[Path]:
    """Give a hidden path of the same suffix to write to, which replaces ``path`` when the block ends well.

    A link stays one: its target is replaced.
    """
    refuse_unfit_file(path)
    with _replacing(Path(os.path.realpath(path))) as temporary:
        yield temporary


@contextmanager
def new_directory(path: str | Path) -> Iterator[Path]:
    """Give a hidden folder to fill, which becomes ``path`` when the block ends well."""
    if os.path.lexists(path):
        raise UserError(f'{path} exists already; remove it or name another folder.')
    with _replacing(Path(path)) as temporary:
        temporary.mkdir()
        yield temporary


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a hidden sibling that is on the disk, not in a cache, before it takes the place of ``path``."""
    temporary = path.with_name(f'.{path.name[:100]}.tmp-{secrets.token_hex(4)}{path.suffix}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            sync_tree(temporary)
            temporary.replace(path)
            sync(path.parent)
        finally:
            remove(temporary)
    except OSError as error:
        raise UserError(f'{path} could not be written ({error.strerror or error}); nothing was changed.') from error


def swap(new: Path, path: Path, aside: Path) -> None:
    """Put a finished folder in the place of another, which is set aside before; all three are on one disk.

    Killed in between, the other is where :func:`put_back` looks for it.

    Raises:
        OSError: If the disk refuses something.
    """
    if path.exists():
        remove(aside)
        path.rename(aside)
    new.rename(path)
    sync(path.parent)


def put_back(path: Path, aside: Path) -> None:
    """Put a folder back that a kill left set aside for one that was not in its place yet."""
    if aside.exists() and not path.exists():
        aside.rename(path)


def refuse_unfit_file(path: str | Path) -> None:
    """Refuse now what :func:`new_file` would refuse after hours of work."""
    path = Path(path)
    if path.exists() and not path.is_file():
        kind = 'folder' if path.is_dir() else 'device, pipe or socket'
        raise UserError(f'{path} is a {kind}, and a file is to be written there; name another file.')


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path``, whole or not at all; see :func:`new_file`."""
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f'{path} cannot be written: {error.object[error.start : error.end]!r} is no text in UTF-8; '
            'rename what is called so.'
        ) from error
    with new_file(path) as file:
        file.write_bytes(content)


def write_figure(path: str | Path, figure: Figure, dpi: int) -> None:
    """Draw a figure into ``path``, whole or not at all, in the format that its suffix says; see :func:`new_file`."""
    with new_file(path) as file:
        try:
            figure.savefig(file, dpi=dpi)
        except ValueError as error:
            raise UserError(f'{path} could not be drawn: {error}.') from error


def write_csv(path: str | Path, rows: Iterable[Iterable[Any]]) -> None:
    """Write rows as CSV, atomically; see :func:`write_text`."""
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: str | Path, value: Any) -> None:
    """Write ``value`` as indented JSON, atomically; see :func:`write_text`."""
    write_text(path, json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + '\n')


def read_json(path: str | Path, what: str, kind: Any = Any) -> Any:
    """Read a JSON file that is called ``what`` in error messages.

    Args:
        path: The file.
        what: For example 'a coreset file'.
        kind: The type to return, such as ``tuple[str, ...]`` or a dataclass; members it does not know are passed over.

    Raises:
        UserError: If the file is missing, unreadable, not JSON or of another kind.
    """
    try:
        text = Path(path).read_text(encoding='utf-8')
        content = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
        if '\\ud' in text.lower():  # half of a character that takes two escapes cannot be written again
            json.dumps(content, ensure_ascii=False).encode()
    except OSError as error:
        raise UserError(f'{what} {path} cannot be read: {error.strerror}.') from error
    except (ValueError, RecursionError) as error:
        raise UserError(f'{path} is not {what}: it is not valid JSON ({error}).') from error
    return as_kind(content, kind, path, what)


def read_format(path: str | Path, what: str, name: str, version: int) -> dict[str, Any]:
    """Read a JSON file that says of which format and version it is; see :func:`read_json`."""
    content = read_json(path, what)
    if not isinstance(content, dict) or content.get('format') != name:
        raise UserError(f'{path} is not {what}: it has no "format": "{name}"; give what mmcsod select wrote.')
    if content.get('version') != version:
        raise UserError(
            f'{path} is {what} of version {content.get("version")} and this mmcsod reads version {version}; upgrade '
            'mmcsod.'
        )
    return content


def as_kind(content: Any, kind: Any, path: str | Path, what: str) -> Any:
    """Return what :func:`read_json` read as a ``kind``."""
    try:
        return msgspec.convert(content, kind)
    except (msgspec.ValidationError, RecursionError) as error:
        raise UserError(f'{path} is not {what}, or a damaged one: {error}.') from error


def json_digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, the same however it is spaced and ordered in its file."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, separators=(',', ':'))
    return hashlib.sha256(text.encode()).hexdigest()


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f'{name} is no JSON')


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f'{text} is too large')
    return value


def begins_with(path: str | Path, text: str) -> bool:
    """Return whether a file, of whatever kind, begins with a text, by which files of mmcsod are known."""
    with Path(path).open('rb') as file:
        return file.read(len(text.encode())) == text.encode()


def refuse_undecodable(names: Iterable[str]) -> None:
    """Refuse names that no file can hold: Python's stand-ins for bytes of a file name that are no text."""
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise UserError(f'The name {name!r} holds bytes that are no text in UTF-8; rename it.') from error


def refuse_several_lines(images: Iterable[str]) -> None:
    """Refuse names of images that lists, one a line, cannot hold."""
    for name in images:
        if '\n' in name or '\r' in name:
            raise UserError(
                f'The image {name!r} has a name of several lines, which no list of images holds; rename it.'
            )


def file_name(text: str) -> str:
    """Return ``text``, which may come from a file, as a part of a file's name: one that leads nowhere else."""
    return re.sub(r'[^\w.:+=-]', '-', text).lstrip('.')[:100] or '-'


def sync(path: Path) -> None:
    """Wait until a file, or the list of what a folder holds, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(path: Path) -> None:
    """Wait until a file, or a folder and all that it holds, is on the disk."""
    for each in (*path.rglob('*'), path):
        if not each.is_symlink():
            sync(each)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all it holds; nothing if it is gone.

    Raises:
        OSError: If something cannot be removed.
    """
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
