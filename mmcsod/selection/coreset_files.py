"""The files of a selection: what they are called, and that none takes the place of another one unasked."""

import logging
from collections.abc import Sequence
from pathlib import Path

from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError
from mmcsod.util.files import file_name, write_text

logger = logging.getLogger('mmcsod')

NEW = '.new.txt'
"""Suffix of the list of new images, beside a coreset that includes earlier ones."""

BESIDE = ('.txt', '.csv', '.html')
"""Suffixes of what is written beside a coreset, under its name: the list of images, the table, the report."""


def save_coresets(
    coresets: Sequence[Coreset], path: str | Path, overwrite: bool = False, is_default: bool = False
) -> list[Path]:
    """Write the coresets of one selection, and beside each, as ``.txt``, its image ids in order, one a line.

    If images were included from the start, the new ones are listed in ``.new.txt``, too.

    Args:
        coresets: One for each budget, the largest last.
        path: Where the largest goes. The others go beside it under names with the method and the number of images:
            ``coreset_csod_100_of_500.json`` for the first 100 picks of 500, ``coreset_full_100.json`` for a selection
            of its own.
        overwrite: Replace files that hold something else.
        is_default: Nobody asked for ``path``: if it holds another coreset, that one stays and the largest, too, gets a
            name that says what it is.

    Returns:
        The coreset files, the largest's last.
    """
    path = Path(path)
    refuse_unfit_name(path)
    *smaller, largest = coresets
    targets = [_named(path, coreset, len(largest)) for coreset in smaller] + [path]
    if is_default and not overwrite and _holds_another(path, largest):
        targets[-1] = _named(path, largest, len(largest))
        logger.info('%s holds another coreset, which stays; --overwrite replaces it.', path)
    pairs = list(zip(targets, coresets, strict=True))
    for target, coreset in pairs:
        if not overwrite:
            _refuse_another(target, coreset)
    for target, coreset in pairs:
        write_text(target.with_suffix('.txt'), _as_list(coreset.image_ids))
        if included := coreset.parameters.get('num_included'):
            write_text(target.with_suffix(NEW), _as_list(coreset.image_ids[included:]))
        coreset.save(target)
    return targets


def refuse_unfit_name(path: str | Path) -> None:
    """Refuse a coreset file's name that belongs to a file beside it."""
    if (suffix := Path(path).suffix.lower()) in BESIDE:
        raise UserError(
            f'{path} ends in {suffix}, as a file that is written beside the coreset does; give --out a name that ends '
            'in .json.'
        )


def _named(path: Path, coreset: Coreset, largest: int) -> Path:
    number = f'{len(coreset)}_of_{largest}' if coreset.nested and len(coreset) < largest else f'{len(coreset)}'
    method = file_name(coreset.method.replace(':', '-'))
    return path.with_name(f'{path.stem}_{method}_{number}{path.suffix}')


def _refuse_another(path: Path, coreset: Coreset) -> None:
    text = path.with_suffix('.txt')
    if _holds_another(path, coreset):
        raise UserError(f'{path} holds another coreset; name another file with --out, or replace it with --overwrite.')
    if (
        text.exists()
        and not path.exists()
        and text.read_text(encoding='utf-8', errors='replace') != _as_list(coreset.image_ids)
    ):
        raise UserError(
            f'{text}, where the list of images belongs, holds something else; name another file with '
            '--out, or replace it with --overwrite.'
        )


def _holds_another(path: Path, coreset: Coreset) -> bool:
    """Return whether a file is there and is no coreset of the same images, selected in the same way."""
    if not path.exists():
        return False
    try:
        found = Coreset.load(path)
    except UserError:
        return True
    return (found.image_ids, found.method, found.parameters) != (coreset.image_ids, coreset.method, coreset.parameters)


def _as_list(images: Sequence[str]) -> str:
    return ''.join(f'{image}\n' for image in images)
