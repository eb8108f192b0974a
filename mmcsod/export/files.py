"""Folders that appear whole or not at all, and images placed in them."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mmcsod.errors import UserError


@dataclass
class FilePlacer:
    """Puts source files below an export's folder under the names of their ids.

    Attributes:
        directory: The export's folder while it is being written.
        out: Its path afterwards, absolute.
        mode: ``reference`` (leave files where they are), ``link`` (symbolic links) or ``copy``.
    """

    directory: Path
    out: str
    mode: str
    _taken: dict[PurePosixPath, str] = field(default_factory=dict)

    def place(self, source: str, name: str, folder: str = '') -> str:
        """Put the file ``source`` at ``folder/name`` and return that path; only return it in reference mode.

        Raises:
            UserError: If the file is missing or remote, or another file has the place.
        """
        target = inside(name, folder)
        if self.mode == 'reference':
            return str(target)
        if '://' in source:
            raise UserError(f'{source} is not a local file and cannot be linked or copied; '
                            'use --images reference.')
        if self._taken.setdefault(target, source) != source:
            raise UserError(f'{source} and {self._taken[target]} would both become {target}; '
                            'use --images reference, or give the images different names.')
        self._transfer(Path(source), self.directory / target)
        return str(target)

    def reached_at(self, path: str | PurePosixPath) -> str:
        """Return how a config names a file of the export: below its ``data_root``, where the images are there too."""
        return f'{self.out}/{path}' if self.mode == 'reference' else str(path)

    def _transfer(self, source: Path, target: Path) -> None:
        if not source.is_file():
            raise UserError(f'The file {source} does not exist; check data_root and data_prefix of the config.')
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.mode == 'copy':
            shutil.copyfile(source, target)
        elif not target.is_symlink():
            target.symlink_to(os.path.abspath(source))  # noqa: PTH100 (a link to a link stays one)


def inside(name: str, folder: str = '') -> PurePosixPath:
    """Return a path below ``folder`` for a file named like an image id, which may be absolute or lead outside."""
    parts = [part for part in PurePosixPath(name.partition('://')[2] or name).parts if part not in ('/', '..', '.')]
    return PurePosixPath(folder, *parts)
