"""Recordings: the videos or bursts that images come from, and at most how many images of one may be selected."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.recordings import is_pattern, matched_recordings
from mmcsod.util.errors import UserError

FRAME = re.compile(r'(.*\D)(\d+)\.\w+')
"""An image id that may be a frame's: something, then a number."""

FEWEST = 5
"""Frames of a recording, at least, and share of equal steps between frames below."""

STEADY = 0.8


def find_recordings(bank: FeatureBank, group: str | None) -> tuple[str, ...] | None:
    """Return the recording of each image, '' for an image of none; None if nothing is known of recordings.

    Raises:
        UserError: If the pattern fits no image, or the bank does not know the recordings asked for.
    """
    if group is not None and is_pattern(group):
        return matched_recordings(bank.images, group)
    known = bank.provenance.get('group', group)
    if group is not None and (bank.recordings is None or known != group):
        lacks = 'does not know the recordings of its images'
        has = lacks if bank.recordings is None else f"has recordings by '{known}'"
        raise UserError(
            f"The bank {has}, and --group is '{group}': give the labels or the config in place of --bank "
            r"to add those, or a pattern with the recording in brackets, such as '(.*)_\d+'."
        )
    return bank.recordings


@dataclass(frozen=True)
class Cap:
    """At most ``most`` selected images of one recording, by the number of each image's recording, (D,) int64."""

    recordings: np.ndarray
    most: int

    @classmethod
    def of(cls, recordings: Sequence[str], most: int) -> Cap:
        """Number the recordings."""
        names = [name or f'\n{place}' for place, name in enumerate(recordings)]
        return cls(np.unique(names, return_inverse=True)[1].ravel(), most)

    def allows(self, image: int, taken: Sequence[int]) -> bool:
        """Return whether an image may be selected beside others."""
        return np.count_nonzero(self.recordings[list(taken)] == self.recordings[image]) < self.most

    def within(self, images: np.ndarray, taken: np.ndarray) -> np.ndarray:
        """Return those of ``images`` that may be selected one after the other, ``taken``, (D,) bool, being selected."""
        counts = Counter(self.recordings[taken].tolist())
        kept = []
        for image, recording in zip(images.tolist(), self.recordings[images].tolist(), strict=True):
            if counts[recording] < self.most:
                counts[recording] += 1
                kept.append(image)
        return np.array(kept, np.int64)


def count_recordings(recordings: Sequence[str], images: Iterable[int]) -> int:
    """Return how many recordings some images are of, an image of none being one of its own."""
    return len({recordings[image] or image for image in images})


def propose_group(images: Sequence[str]) -> str | None:
    """Return a pattern for recordings if most image ids look like frames: several prefixes, each with many numbers.

    The numbers of a prefix must mostly be the same step apart, as frames of a video are.
    """
    frames: dict[str, list[int]] = defaultdict(list)
    for match in filter(None, map(FRAME.fullmatch, images)):
        frames[match[1]].append(int(match[2]))
    many = {prefix: sorted(numbers) for prefix, numbers in frames.items() if len(numbers) >= FEWEST}
    steps = [Counter(after - before for before, after in pairwise(numbers)) for numbers in many.values()]
    steady = sum(step.most_common(1)[0][1] for step in steps)
    looks_like_frames = len(many) > 1 and 2 * sum(map(len, many.values())) > len(images)
    return r'(.*\D)\d+\.' if looks_like_frames and steady >= STEADY * sum(step.total() for step in steps) else None
