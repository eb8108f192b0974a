"""Validation images that the pool shows, too: what a detector is then tested on was in its training."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.records.recordings import is_pattern
from mmcsod.records.validation import ValidationView
from mmcsod.report.selected import Selected
from mmcsod.selection.pixels import leaks
from mmcsod.selection.recordings import find_recordings
from mmcsod.selection.same_objects import objects_of_bank, objects_of_images, same_objects
from mmcsod.util.files import begins_with, write_csv

HEADER = ['validation_image', 'pool_image', 'decision']
NONE_SELECTED = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Leak:
    """A validation image file and its near-duplicate in the pool, a selected one if there is one."""

    validation: str
    pool: str
    is_selected: bool


@dataclass(frozen=True)
class Leaks:
    """What a validation set shares with a pool and a coreset.

    Attributes:
        pairs: Validation images with a near-duplicate in the pool, those with a selected one first.
        num_validation: How many validation images there are.
        num_unread: How many of them could not be read, or are black.
        num_same_recording: How many come from a recording of the pool; None if that is not known.
        by_pixels_alone: Whether objects were not compared, those of the pool being predicted.
    """

    pairs: Sequence[Leak]
    num_validation: int
    num_unread: int = 0
    num_same_recording: int | None = None
    by_pixels_alone: bool = False

    @property
    def num_selected(self) -> int:
        """How many validation images have a near-duplicate in the coreset."""
        return sum(leak.is_selected for leak in self.pairs)

    @property
    def of_pool(self) -> str:
        """How many validation images leak into the pool, in words."""
        how = ' (by pixels alone)' if self.by_pixels_alone else ''
        return f'{len(self.pairs)} of {self.num_validation} validation images have a near-duplicate in the pool{how}'

    @property
    def unread(self) -> str:
        """How many validation images could not be compared, in words; '' for none."""
        return f', {self.num_unread} could not be read or are black' if self.num_unread else ''

    @property
    def summary(self) -> str:
        """How many validation images leak into pool and coreset, in words."""
        return f'{self.of_pool}, {self.num_selected} in the coreset{self.unread}'


def by_pixels(index: int, image: int) -> bool:
    """Return that two images whose pixels are alike are near-duplicates, whatever their objects."""
    return True


def compare_validation(
    bank: FeatureBank, view: ValidationView, selected: np.ndarray = NONE_SELECTED, group: str | None = None
) -> Leaks:
    """Compare validation images with a pool, a bank with pixels, of whose images (N,) indices are selected.

    Where objects of the pool are predicted, they differ from labels even in a copy of an image, so pixels decide alone.
    ``group`` is what recordings are told by, if the coreset says so.
    """
    assert bank.pixels is not None
    predicted = bool(bank.provenance.get('predictions'))
    classes = {name: label for label, name in enumerate(bank.classes)}
    agree = same_objects(objects_of_images(view.images, classes), objects_of_bank(bank))
    pairs = find_leaks(bank.images, bank.pixels, selected, view.paths, view.pixels, by_pixels if predicted else agree)
    shared = num_of_same_recording(bank, group or bank.provenance.get('group'), view)
    return Leaks(pairs, len(view.images), view.num_unread, shared, predicted)


def kept_view(bank: FeatureBank) -> ValidationView | None:
    """Return the validation images that lie beside a bank; None if none do."""
    return None if bank.checksums is None else ValidationView.load(bank.checksums.directory)


def kept_leaks(bank: FeatureBank, coresets: Mapping[str, Coreset]) -> Leaks | None:
    """Compare the first of some coresets with the validation images that lie beside the bank; None if none do."""
    view = kept_view(bank)
    if bank.pixels is None or view is None:
        return None
    name, coreset = next(iter(coresets.items()))
    selected = Selected.find(name, bank, coreset).images
    return compare_validation(bank, view, selected, coreset.parameters.get('group'))


def find_leaks(
    images: Sequence[str],
    pixels: np.ndarray,
    selected: np.ndarray,
    paths: Sequence[str],
    validation: np.ndarray,
    agree: Callable[[int, int], bool] = by_pixels,
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


def num_of_same_recording(bank: FeatureBank, group: str | None, view: ValidationView) -> int | None:
    """Return how many validation images come from a recording of the pool; None if that is not known.

    Recordings are compared by the last part of their names, since pool and validation images often lie in folders of
    their own. ``group`` is a pattern with one group that is the recording in an image id, or the field that the
    validation images' were read from.
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


def write_leaks(path: Path, found: Leaks) -> None:
    """Write them as CSV."""
    rows = [[leak.validation, leak.pool, 'keep' if leak.is_selected else 'drop'] for leak in found.pairs]
    write_csv(path, [HEADER, *rows])


def remove_leaks(path: Path) -> None:
    """Remove what :func:`write_leaks` wrote for another coreset of that name; files of others stay."""
    if path.is_file() and begins_with(path, ','.join(HEADER)):
        path.unlink()
