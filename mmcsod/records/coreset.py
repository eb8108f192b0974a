"""The coreset: the selected images in order, how they were selected, and why."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from numbers import Integral
from pathlib import Path
from typing import Any

from mmcsod.util.errors import UserError
from mmcsod.util.files import as_kind, read_format, write_text

logger = logging.getLogger('mmcsod')

FORMAT = 'mmcsod-coreset'
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Pick:
    """One image of a coreset and the reason it is in.

    Attributes:
        image_id: POSIX path of the image below its dataset's ``data_root``.
        label: Index into ``Coreset.classes`` of the class that the image was selected for; None for an image included
            from the start, and with a method that draws from all classes at once.
        pool_similarity: The first sum of Eq. 4 without lambda: cosines to the class's rows not selected yet.
        selected_similarity: The second sum of Eq. 4: cosines to the class's rows selected before.
        score: What the method compares: ``lam * pool_similarity - selected_similarity`` for Eq. 4.
        likeness: Mean cosine to the class's rows, for methods that weigh it against novelty.
        novelty: How far it is from what was selected before, as the method measures it.

    Terms that a method does not have are None.
    """

    image_id: str
    label: int | None = None
    pool_similarity: float | None = None
    selected_similarity: float | None = None
    score: float | None = None
    likeness: float | None = None
    novelty: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return what a coreset file holds of it: without the likeness and novelty of methods that have none."""
        return {
            name: value
            for name, value in asdict(self).items()
            if value is not None or name not in ('likeness', 'novelty')
        }


@dataclass(frozen=True, repr=False)
class Coreset:
    """An ordered selection of images: Algorithm 1's subset S with the order kept.

    Attributes:
        picks: The images, in the order in which they were selected.
        classes: Class names that the picks' labels index.
        method: Name of the selection method.
        parameters: What the method was called with (lam, seed, ...), JSON values only.
        provenance: Where the features came from: detector, checkpoint, dataset, versions; JSON values only.
        nested: Whether its first images are what the method selects for a smaller budget.
    """

    picks: tuple[Pick, ...]
    classes: tuple[str, ...]
    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    nested: bool = True

    @property
    def image_ids(self) -> list[str]:
        """Image ids in pick order."""
        return [pick.image_id for pick in self.picks]

    def __len__(self) -> int:
        return len(self.picks)

    def __repr__(self) -> str:
        lam = f', lam {self.parameters["lam"]:.6g}' if 'lam' in self.parameters else ''
        return f'<Coreset of {len(self)} images by {self.method}{lam}, {len(self.classes)} classes>'

    def prefix(self, num_images: int) -> Coreset:
        """Return the coreset of the first ``num_images`` picks.

        Where ``nested``, that is what selecting fewer at the same lambda would have given; lambda 'auto' is another for
        another number of images.

        Raises:
            UserError: If ``num_images`` is below 1 or more than there are.
        """
        if not isinstance(num_images, Integral):
            raise UserError(f'A prefix of {num_images!r} images was asked of a coreset; give a whole number.')
        if not 1 <= num_images <= len(self):
            raise UserError(
                f'A prefix of {num_images} images was asked of a coreset that has {len(self)}; '
                f'ask for 1 to {len(self)}.'
            )
        return replace(self, picks=self.picks[:num_images])

    def save(self, path: str | Path) -> None:
        """Write the coreset as JSON, one pick a line, atomically.

        Raises:
            UserError: If the file cannot be written.
        """
        header = {
            'format': FORMAT,
            'version': FORMAT_VERSION,
            'method': self.method,
            'parameters': dict(self.parameters),
            'nested': self.nested,
            'classes': list(self.classes),
            'provenance': dict(self.provenance),
        }
        lines = [json.dumps(pick.as_json(), ensure_ascii=False, allow_nan=False) for pick in self.picks]
        head = json.dumps(header, indent=1, ensure_ascii=False, allow_nan=False)[:-2]
        write_text(path, head + ',\n "picks": [\n  ' + ',\n  '.join(lines) + '\n ]\n}\n')

    @classmethod
    def load(cls, path: str | Path) -> Coreset:
        """Read a coreset file.

        Raises:
            UserError: If the file is missing, not a coreset, of a newer version, or inconsistent.
        """
        content = read_format(path, 'a coreset file', FORMAT, FORMAT_VERSION)
        coreset: Coreset = as_kind(content, cls, path, 'a coreset file')
        coreset._check(path)
        return coreset

    def _check(self, path: str | Path) -> None:
        if not self.picks:
            raise UserError(f'{path} is a coreset of no images; select again.')
        if len(set(self.image_ids)) < len(self):
            twice = Counter(self.image_ids).most_common(1)[0][0]
            raise UserError(f'{path} names the image {twice} twice; select again.')
        for pick in self.picks:
            if pick.label is not None and not 0 <= pick.label < len(self.classes):
                raise UserError(
                    f'{path} gives image {pick.image_id} the label {pick.label}, but it has only '
                    f'{len(self.classes)} classes; select again.'
                )


def first_picks(coreset: Coreset, num_images: int | None) -> Coreset:
    """Return the first ``num_images`` picks, or all; warn where selecting so few would have given other images."""
    if num_images is None or num_images == len(coreset):
        return coreset
    first = coreset.prefix(num_images)
    if not coreset.nested:
        logger.warning(
            'The first %d of %d images that the method %s selected are not what it selects for a budget of %d; '
            'select so many with mmcsod select.',
            num_images,
            len(coreset),
            coreset.method,
            num_images,
        )
    return first
