"""Validation images that the pool shows, too: what a detector is then tested on was in its training."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.recordings import is_pattern
from mmcsod.records.validation import ValidationView
from mmcsod.selection.pixels import leaks
from mmcsod.selection.recordings import find_recordings
from mmcsod.util.files import write_csv

HEADER = ['validation_image', 'pool_image', 'decision']


@dataclass(frozen=True)
class Leak:
    """A validation image file and its near-duplicate in the pool, a selected one if there is one."""

    validation: str
    pool: str
    is_selected: bool


def find_leaks(
    images: Sequence[str],
    pixels: np.ndarray,
    selected: np.ndarray,
    paths: Sequence[str],
    validation: np.ndarray,
    agree: Callable[[int, int], bool] = lambda index, image: True,
) -> list[Leak]:
    """Return the validation images with a near-duplicate in the pool, those with a selected one first.

    ``agree`` says of a validation image and one of the pool, by their indices, whether they show the same objects.
    """
    in_pool = leaks(pixels, validation, agree)
    in_coreset = leaks(pixels[selected], validation, lambda index, own: agree(index, int(selected[own])))
    found = [
        Leak(path, images[selected[own]] if own >= 0 else images[any_], bool(own >= 0))
        for path, own, any_ in zip(paths, in_coreset.tolist(), in_pool.tolist(), strict=True)
        if own >= 0 or any_ >= 0
    ]
    return sorted(found, key=lambda leak: not leak.is_selected)


def leak_summary(found: Sequence[Leak], num_validation: int) -> str:
    """Return in one sentence how many validation images leak into pool and coreset."""
    return f'{pool_summary(found, num_validation)}, {sum(leak.is_selected for leak in found)} in the coreset'


def pool_summary(found: Sequence[Leak], num_validation: int) -> str:
    """Return in one sentence how many validation images leak into the pool."""
    return f'{len(found)} of {num_validation} validation images have a near-duplicate in the pool'


def num_of_same_recording(bank: FeatureBank, group: str | None, view: ValidationView) -> int | None:
    """Return how many validation images come from a recording of the pool; None if that is not known.

    Recordings are compared by the last part of their names, since pool and validation images often lie in folders of
    their own.

    Args:
        bank: The pool.
        group: What recordings are told by: a pattern with one group that is the recording in an image id, or the field
            that the validation images' were read from.
        view: The validation images.
    """
    if group is None or not (is_pattern(group) or view.group == group):
        return None
    in_pool = {PurePosixPath(name).name for name in find_recordings(bank, group) or () if name}
    return sum(PurePosixPath(name).name in in_pool for name in _recordings(view, group) if name)


def _recordings(view: ValidationView, group: str) -> Sequence[str]:
    if not is_pattern(group):
        return view.recordings
    matches = [re.search(group, Path(path).as_posix()) for path in view.paths]
    return [(match[1] or '') if match else '' for match in matches]


def leak_file(coreset: Path) -> Path:
    """Return where the leaks of a coreset are listed."""
    return coreset.with_name(f'{coreset.stem}_leaks.csv')


def write_leaks(path: Path, found: Sequence[Leak], num_validation: int) -> None:
    """Write them as CSV; the header's last field is the number of validation images."""
    rows = [[leak.validation, leak.pool, 'keep' if leak.is_selected else 'drop'] for leak in found]
    write_csv(path, [[*HEADER, f'of {num_validation} validation images'], *rows])


def remove_leaks(path: Path) -> None:
    """Remove what :func:`write_leaks` wrote for another coreset of that name; files of others stay."""
    if path.is_file() and _rows(path):
        path.unlink()


def read_leaks(path: Path) -> tuple[list[Leak], int]:
    """Return what :func:`write_leaks` wrote, and the number of validation images; none if there is no such file."""
    header, *rows = (_rows(path) if path.is_file() else None) or [[]]
    return [Leak(row[0], row[1], row[2] == 'keep') for row in rows], int(header[-1].split()[1]) if header else 0


def _rows(path: Path) -> list[list[str]]:
    """Return the lines of a file of leaks, the header first; none of another file."""
    with path.open(encoding='utf-8', errors='replace', newline='') as file:
        rows = list(csv.reader(file))
    return rows if rows and rows[0][: len(HEADER)] == HEADER else []
