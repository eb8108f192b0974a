"""Every image of a pool in a table beside a coreset: keep or drop, and why."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.selected import Selected
from mmcsod.selection.near_duplicates import pool_clusters
from mmcsod.selection.projected import Projected
from mmcsod.selection.recordings import find_recordings
from mmcsod.util.files import begins_with, write_csv


@dataclass
class ImageEntry:
    """One image of the pool; what does not apply to it is empty.

    Attributes:
        image: Its id.
        decision: 'keep' for a selected image, otherwise 'drop'.
        rank: Its place in the coreset, from 1.
        selected_for: The class it was selected for.
        new: 'new' for a selected image that was not in an included set, if there was one.
        objects: Number of objects of each class, as 'cat 2, dog 1'.
        nearest_selected: The selected image that it is most like, in any of its classes.
        cosine: To that one.
        rare: 'rare' for an image that nothing selected is like, see :func:`rare_images`.
        recording: The recording that it comes from, if that is known.
        near_duplicates: Number of its cluster of near-duplicates, the largest being 1.
    """

    image: str
    decision: str = 'drop'
    rank: int | str = ''
    selected_for: str = ''
    new: str = ''
    objects: str = ''
    nearest_selected: str = ''
    cosine: str = ''
    rare: str = ''
    recording: str = ''
    near_duplicates: int | str = ''


HEADER = ','.join(field.name for field in fields(ImageEntry))


def image_table(one: Selected, clusters: Sequence[np.ndarray]) -> list[ImageEntry]:
    """Return an entry for each image of the pool, in its order."""
    recordings = find_recordings(one.bank, one.coreset.parameters.get('group')) or [''] * len(one.bank.images)
    entries = [
        ImageEntry(image, recording=recording) for image, recording in zip(one.bank.images, recordings, strict=True)
    ]
    _fill_objects(one, entries)
    _fill_nearest(one, entries)
    for image in np.flatnonzero(rare_images(one)).tolist():
        entries[image].rare = 'rare'
    for number, cluster in enumerate(clusters, start=1):
        for image in cluster.tolist():
            entries[image].near_duplicates = number
    _fill_selected(one, entries)
    return entries


def rare_images(one: Selected) -> np.ndarray:
    """Return which images of the pool nothing selected is like: (len(bank.images),) bool.

    In one of its classes, the image is no nearer to a selected image than two images of that class are on average, or
    no selected image holds the class.
    """
    rare = np.zeros(len(one.bank.images), bool)
    vectors = Projected(one.bank.vectors, np.zeros(0, np.int64))
    for label, found in one.coverages.items():
        scale = vectors.scale(np.flatnonzero(one.bank.labels == label))
        is_far = (2 * scale * (1 - found.cosines) >= 1) | (found.nearest < 0)
        rare[found.images[is_far]] = True
    return rare & ~one.mask


def write_table(path: Path, bank: FeatureBank, coreset: Coreset) -> None:
    """Write the table of a coreset as CSV."""
    write_image_table(path, image_table(Selected.find(path.stem, bank, coreset), pool_clusters(bank, coreset)))


def write_image_table(path: Path, entries: Sequence[ImageEntry]) -> None:
    """Write entries as CSV, with the names of their attributes as its first line."""
    write_csv(path, [HEADER.split(','), *map(astuple, entries)])


def is_image_table(path: Path) -> bool:
    """Return whether a file is such a table."""
    return begins_with(path, HEADER)


def _fill_objects(one: Selected, entries: Sequence[ImageEntry]) -> None:
    counts: Counter[tuple[int, int]] = Counter()
    for image, label, count in one.bank.rows.tolist():
        counts[image, label] += count
    for (image, label), count in sorted(counts.items()):
        words = f'{one.bank.classes[label]} {count}'
        entries[image].objects = ', '.join(filter(None, (entries[image].objects, words)))


def _fill_nearest(one: Selected, entries: Sequence[ImageEntry]) -> None:
    for image, nearest, cosine in _nearest(one):
        if not one.mask[image] and not entries[image].nearest_selected:
            entries[image].nearest_selected = one.coreset.image_ids[nearest]
            entries[image].cosine = f'{cosine:.4f}'


def _nearest(one: Selected) -> Iterator[tuple[int, int, float]]:
    """Yield an image, the rank of the selected image nearest to it in a class, and the cosine; the highest first."""
    classes = list(one.coverages.values())
    if classes:
        images, nearest, cosines = (
            np.concatenate([getattr(each, name) for each in classes]) for name in ('images', 'nearest', 'cosines')
        )
        order = np.argsort(-cosines, kind='stable')
        order = order[nearest[order] >= 0]
        yield from zip(images[order].tolist(), nearest[order].tolist(), cosines[order].tolist(), strict=True)


def _fill_selected(one: Selected, entries: Sequence[ImageEntry]) -> None:
    included = one.coreset.parameters.get('num_included')
    for rank, (image, label) in enumerate(zip(one.images.tolist(), one.turns, strict=True)):
        entry = entries[image]
        entry.decision, entry.rank = 'keep', rank + 1
        entry.selected_for = '' if label is None else one.bank.classes[label]
        entry.new = 'new' if included is not None and rank >= included else ''
