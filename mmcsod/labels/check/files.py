"""Image files: whether they are where annotations say, and if not, what is there under a near name."""

import os
import posixpath
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from pathlib import PurePosixPath
from urllib.parse import unquote

from mmcsod.labels.check.findings import NUM_EXAMPLES

MOST_FOLDERS = 1000
"""Folders, at most, in which a file is looked for by its name alone."""


@dataclass
class Listings:
    """What folders hold, each read once."""

    _names: dict[str, frozenset[str]] = field(default_factory=dict)
    _near: dict[str, dict[str, str]] = field(default_factory=dict)

    def names(self, folder: str) -> frozenset[str]:
        """Return the names in a folder, none if it cannot be read."""
        if folder not in self._names:
            try:
                self._names[folder] = frozenset(os.listdir(folder or '.'))  # noqa: PTH208 (text)
            except (OSError, ValueError):
                self._names[folder] = frozenset()
        return self._names[folder]

    def holds(self, path: str) -> bool:
        """Return whether a file is there."""
        folder, _, name = path.rpartition('/')
        return name in self.names(folder or ('/' if path.startswith('/') else ''))

    def near(self, folder: str, name: str) -> str | None:
        """Return what a folder holds that is called nearly like ``name``: letter case, Unicode form, %20, extension."""
        if name in self.names(folder):
            return name
        if folder not in self._near:
            names = sorted(self.names(folder), reverse=True)
            self._near[folder] = {key: one for one in names for key in (_stem(_plain(one)), _plain(one))}
        near = self._near[folder]
        return near.get(_plain(name)) or near.get(_stem(_plain(name)))


@dataclass(frozen=True)
class MissingImage:
    """An image, or another file, that is not there, and what is there under a near name."""

    path: str
    near: str | None

    def __str__(self) -> str:
        return f'{_shown(self.path)}: there is {_shown(self.near)}' if self.near else _shown(self.path)


def missing_images(paths: Iterable[str], folder: str = '') -> list[MissingImage]:
    """Return those of ``paths`` that are no file; URLs pass.

    Where nothing around a path has a near name, ``folder`` is looked through.
    """
    listings = Listings()
    found = missing_files(paths, listings)
    if any(one.near for one in found):
        return found
    shown = [MissingImage(one.path, _below(one.path, listings, folder)) for one in found[:NUM_EXAMPLES]]
    return shown + found[NUM_EXAMPLES:]


def missing_files(paths: Iterable[str], listings: Listings) -> list[MissingImage]:
    """Return those of ``paths`` that are no file, without a look into other folders: train.json is in many.

    Folders are listed once each, which is far quicker than asking for every file.
    """
    missing = [path for path in paths if '://' not in path and not listings.holds(posixpath.normpath(path))]
    return [MissingImage(path, _near(path, listings) if number < 100 else None) for number, path in enumerate(missing)]


def _near(path: str, listings: Listings) -> str | None:
    """Look for a path with its backslashes turned, then without ever more of the folders in it."""
    parts, known = _parts(path), _known_folder(path, listings)
    rest = parts[len(PurePosixPath(known).parts) - path.startswith('/') :]
    for start in range(len(rest)):
        found = _walk(known, rest[start:], listings)
        if found is not None and found != path:
            return found
    return None


def _below(path: str, listings: Listings, folder: str) -> str | None:
    """Look for a file name in all folders below the last one of its path that is there, or below another one."""
    name, known = _parts(path)[-1:], _known_folder(path, listings)
    if path.startswith('/') and not path.startswith(folder or '/'):
        known = folder
    for place, _, names in islice(os.walk(known or '.'), MOST_FOLDERS if known != '/' else 0):
        if name and name[0] in names:
            return posixpath.normpath(posixpath.join(place, name[0]))
    return None


def _parts(path: str, separator: str = r'[\\/]+') -> list[str]:
    return [part for part in re.split(separator, path) if part not in ('', '.')]


def _known_folder(path: str, listings: Listings) -> str:
    """Return the last folder of a path that is there."""
    folder = '/' if path.startswith('/') else ''
    for part in _parts(path, '/+')[:-1]:
        if '\\' in part or part not in listings.names(folder):
            break
        folder = posixpath.join(folder, part)
    return folder


def _walk(folder: str, parts: list[str], listings: Listings) -> str | None:
    for part in parts:
        name = part if part == '..' else listings.near(folder, part)
        if name is None:
            return None
        folder = posixpath.normpath(posixpath.join(folder, name))
    return folder


def _plain(name: str) -> str:
    name = _readable(name)
    return unicodedata.normalize('NFC', unquote(name)).casefold().strip()


def _readable(name: str) -> str:
    """Return a name as Latin-1 whose bytes are no UTF-8: Python shows such bytes as half characters."""
    if any('\udc80' <= char <= '\udcff' for char in name):
        return name.encode('utf-8', 'surrogateescape').decode('latin-1')
    return name


def _stem(name: str) -> str:
    return name.rpartition('.')[0] or name


def _shown(path: str) -> str:
    return path if path.isascii() else ascii(path)
