"""What ``mmcsod analyze`` prints: coresets of one bank side by side, as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from tabulate import tabulate

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.coverage_curve import coverage_curve, diminishing_returns
from mmcsod.report.object_ranks import rank_objects
from mmcsod.report.prototypes import COUNTS, prototype_cosines
from mmcsod.report.similarity import similarity
from mmcsod.report.sizes import SIZES, kl_divergence, size_counts
from mmcsod.selection.classes import unknown_class
from mmcsod.util.errors import UserError

NUM_RANKED = 10

COVERAGE_AT = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def load_coresets(paths: Sequence[str | Path]) -> dict[str, Coreset]:
    """Return coresets by name: the file's, or its whole path where two files have the same name.

    Raises:
        UserError: If a file is no coreset or is given twice.
    """
    stems = [Path(path).stem for path in paths]
    names = stems if len(set(stems)) == len(stems) else [str(path) for path in paths]
    if len(set(names)) < len(names):
        raise UserError('A coreset file is given twice; give each once.')
    return {name: Coreset.load(path) for name, path in zip(names, paths, strict=True)}


def selected_images(bank: FeatureBank, coreset: Coreset, name: str) -> np.ndarray:
    """Return (len(bank.images),) bool, which of the bank's images a coreset holds.

    Raises:
        UserError: If it holds one that the bank does not.
    """
    unknown = [image for image in coreset.image_ids if image not in bank.image_index]
    if unknown:
        raise UserError(
            f'{len(unknown)} of the {len(coreset)} images of the coreset {name} are not in the bank, first '
            f"'{unknown[0]}'; give the bank it was selected from."
        )
    mask = np.zeros(len(bank.images), bool)
    mask[[bank.image_index[image] for image in coreset.image_ids]] = True
    return mask


def label_of(bank: FeatureBank, name: str) -> int:
    """Return the index of a class.

    Raises:
        UserError: If the bank has no such class.
    """
    if name not in bank.classes:
        raise unknown_class(bank, name)
    return bank.classes.index(name)


def size_table(bank: FeatureBank, masks: Mapping[str, np.ndarray]) -> str:
    """Return objects, size ratios and KL(pool || selected) of each coreset: Figure 4."""
    pool = size_counts(bank)
    rows = [['pool', len(bank.images), pool.sum(), *_percent(pool), '']]
    for name, mask in masks.items():
        counts = size_counts(bank, mask)
        rows.append([name, mask.sum(), counts.sum(), *_percent(counts), f'{kl_divergence(pool, counts):.4f}'])
    return _table(rows, ['', 'images', 'objects', *(f'{size}, %' for size in SIZES), 'KL(pool || selected)'])


def similarity_table(bank: FeatureBank, masks: Mapping[str, np.ndarray]) -> str:
    """Return coverage and redundancy of each coreset."""
    rows = []
    for name, mask in masks.items():
        found = similarity(bank, mask)
        rows.append([name, f'{found.coverage:.4f}', f'{found.redundancy:.4f}', found.missing])
    return _table(rows, ['', 'coverage', 'redundancy', 'classes missing'])


def coverage_table(bank: FeatureBank, coresets: Mapping[str, Coreset]) -> str:
    """Return the coverage of the first images of each coreset, and where more of them begin to add little."""
    longest = max(map(len, coresets.values()))
    numbers = [number for number in COVERAGE_AT if number < longest]
    rows = []
    for name, coreset in coresets.items():
        curve = coverage_curve(bank, coreset)
        shown = [f'{curve[number - 1]:.4f}' if number <= len(curve) else '' for number in numbers]
        bend = diminishing_returns(bank, coreset, curve) or 'not yet'
        rows.append([name, *shown, len(curve), f'{curve[-1]:.4f}', bend])
    return _table(rows, ['coverage of the first', *map(str, numbers), 'all', 'of all', 'diminishing returns from'])


def changes_table(masks: Mapping[str, np.ndarray]) -> str:
    """Return how many images of the first coreset each of the others has exchanged: Table 2's first line."""
    (first, reference), *others = masks.items()
    rows = [[name, int((reference & ~mask).sum()), int((mask & ~reference).sum())] for name, mask in others]
    return _table(rows, [f'compared with {first}', 'images gone', 'images new'])


def prototype_table(bank: FeatureBank, name: str) -> str:
    """Return the cosines of image prototypes to a class's prototype: Table 4."""
    cosines, numbers = prototype_cosines(bank, label_of(bank, name))
    rows = [
        [
            size,
            *(
                '' if number == 0 else f'{cosine:.3f} ({number})'
                for cosine, number in zip(cosines[i], numbers[i], strict=True)
            ),
        ]
        for i, size in reversed(list(enumerate(SIZES)))
    ]
    return _table(rows, [name, *COUNTS])


def rank_table(bank: FeatureBank, coresets: Mapping[str, Coreset], name: str) -> str:
    """Return how far the worst objects of each coreset's images of a class fall back behind the best: Figure 7."""
    rows = []
    for title, coreset in coresets.items():
        ranked = rank_objects(bank, coreset, label_of(bank, name), NUM_RANKED)
        if ranked:
            ends = [np.mean([end(image.ranks) for image in ranked]) for end in (np.min, np.median, np.max)]
            rows.append([title, len(ranked), *(f'{100 * end:.0f} %' for end in ends)])
    return _table(rows, [f'{name}, first turns', 'images', 'best object', 'median', 'worst object'])


def _percent(counts: np.ndarray) -> list[str]:
    return [f'{100 * count / max(1, counts.sum()):.1f}' for count in counts]


def _table(rows: list[list], headers: list[str]) -> str:
    return tabulate(rows, headers, tablefmt='github', disable_numparse=True)
