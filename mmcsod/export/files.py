"""Folders that appear whole or not at all, and images placed in them."""

import itertools
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from mmcsod.datasets.images import decoded_size
from mmcsod.util.errors import UserError


@dataclass
class FilePlacer:
    """Puts source files below an export's folder under the names of their ids.

    Attributes:
        directory: The export's folder while it is being written.
        out: Its path afterwards, absolute.
        mode: ``reference`` (leave files where they are), ``link`` (symbolic links) or ``copy``.
        folders: Those that the config names: a name in an annotation file may not lead out of them by '..'.
    """

    directory: Path
    out: str
    mode: str
    folders: Sequence[str] = ()
    _taken: dict[PurePosixPath, str] = field(default_factory=dict)

    def place(self, source: str, name: str, folder: str = '') -> str:
        """Put the file ``source`` at ``folder/name`` and return that path; only return it in reference mode.

        Raises:
            UserError: If the file is missing, remote or led to by an odd name, or another file has the place.
        """
        target = inside(name, folder)
        if self.mode == 'reference':
            return str(target)
        if '://' in source:
            raise UserError(f'{source} is not a local file and cannot be linked or copied; use --image-mode reference.')
        if self._taken.setdefault(target, source) != source:
            raise UserError(
                f'{source} and {self._taken[target]} would both become {target}; '
                'use --image-mode reference, or give the images different names.'
            )
        self._refuse_foreign(source)
        self._transfer(Path(source), self.directory / target)
        return str(target)

    def write(self, name: str, text: str) -> PurePosixPath:
        """Write a file at ``name``, or beside it if that is taken, and return where.

        A link that has the place is never written through.
        """
        target = wanted = inside(name)
        for number in itertools.count(2):
            if target not in self._taken:
                break
            target = wanted.with_stem(f'{wanted.stem}_{number}')
        self._taken[target] = f'a file of the export, {target}'
        path = self.directory / target
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open('x', encoding='utf-8') as file:
            file.write(text)
        return target

    def reached_at(self, path: str | PurePosixPath) -> str:
        """Return how a config names a file of the export: below its ``data_root``, where the images are there too."""
        return f'{self.out}/{path}' if self.mode == 'reference' else str(path)

    def _refuse_foreign(self, source: str) -> None:
        """Refuse what an annotation file of somebody else's would have of this machine's other files."""
        path = Path(os.path.normpath(source))
        if not self.folders or any(path.is_relative_to(os.path.normpath(folder)) for folder in self.folders):
            return
        if '..' in PurePosixPath(source).parts:
            raise UserError(
                f'{source} leads out of the folders that the config names; mend the name in the annotation '
                'file, or use --image-mode reference.'
            )
        if path.is_file() and decoded_size(source) is None:
            raise UserError(
                f'{source} lies outside the folders that the config names and is no image; mend the name '
                'in the annotation file, or use --image-mode reference.'
            )

    def _transfer(self, source: Path, target: Path) -> None:
        if not source.is_file():
            raise UserError(f'The file {source} does not exist; check data_root and data_prefix of the config.')
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.mode == 'copy':
            shutil.copyfile(source, target)
        elif not target.is_symlink():
            target.symlink_to(os.path.abspath(source))  # noqa: PTH100 (a link to a link stays one)


def refuse_unprintable(image: str) -> None:
    """Refuse an image id that a list with one name a line, or an XML file, cannot hold."""
    if not image.isprintable():
        raise UserError(f'The image {image!r} has control characters in its name, which break lists; rename it.')


def inside(name: str, folder: str = '') -> PurePosixPath:
    """Return a path below ``folder`` for a file named like an image id, which may be absolute or lead outside."""
    parts = [part for part in PurePosixPath(name.partition('://')[2] or name).parts if part not in ('/', '..', '.')]
    return PurePosixPath(folder, *parts)
