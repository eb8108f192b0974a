"""Coresets of one bank side by side, as Markdown tables."""

from collections.abc import Mapping, Sequence

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.counts import SIZES, kl_divergence, size_counts
from mmcsod.report.coverage import coverage_curve, diminishing_returns, redundancy
from mmcsod.report.objects import COUNTS, prototype_cosines, rank_objects
from mmcsod.report.selected import Selected, changes
from mmcsod.selection.classes import find_labels
from mmcsod.util.text import markdown_table

NUM_RANKED = 10

COVERAGE_AT = (5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def label_of(bank: FeatureBank, name: str) -> int:
    """Return the index of a class."""
    return find_labels(bank, [name])[0]


def size_table(bank: FeatureBank, masks: Mapping[str, np.ndarray]) -> str:
    """Return objects, size ratios and KL(pool || selected) of each coreset: Figure 4."""
    pool = size_counts(bank)
    rows = [['pool', len(bank.images), pool.sum(), *_percent(pool), '']]
    for name, mask in masks.items():
        counts = size_counts(bank, mask)
        rows.append([name, mask.sum(), counts.sum(), *_percent(counts), f'{kl_divergence(pool, counts):.4f}'])
    return markdown_table(rows, ['', 'images', 'objects', *(f'{size}, %' for size in SIZES), 'KL(pool || selected)'])


def similarity_table(selections: Sequence[Selected]) -> str:
    """Return coverage and redundancy of each coreset, and how many classes of the pool it lacks."""
    rows = [
        [
            one.name,
            f'{coverage_curve(one.coverages)[-1]:.4f}',
            f'{redundancy(one.bank, one.mask):.4f}',
            sum(bool(np.isnan(each.curve[-1])) for each in one.coverages.values()),
        ]
        for one in selections
    ]
    return markdown_table(rows, ['', 'coverage', 'redundancy', 'classes missing'])


def coverage_table(selections: Sequence[Selected]) -> str:
    """Return the coverage of the first images of each coreset, and where more of them begin to add little."""
    longest = max(len(one.coreset) for one in selections)
    numbers = [number for number in COVERAGE_AT if number < longest]
    rows = []
    for one in selections:
        curve = coverage_curve(one.coverages)
        shown = [f'{curve[number - 1]:.4f}' if number <= len(curve) else '' for number in numbers]
        bend = diminishing_returns(one.bank, one.coreset, curve) or 'not yet'
        rows.append([one.name, *shown, len(curve), f'{curve[-1]:.4f}', bend])
    return markdown_table(
        rows, ['coverage of the first', *map(str, numbers), 'all', 'of all', 'coverage flattens from']
    )


def changes_table(selections: Sequence[Selected]) -> str:
    """Return how many images of the first coreset each of the others has exchanged: Table 2's first line."""
    rows = [[one.second, len(one.only_first), len(one.only_second)] for one in changes(selections)]
    return markdown_table(rows, [f'compared with {selections[0].name}', 'images gone', 'images new'])


def prototype_table(bank: FeatureBank, name: str) -> str:
    """Return the cosines of image prototypes to a class's prototype: Table 4."""
    cosines, numbers = prototype_cosines(bank, label_of(bank, name))
    rows: list[list[str]] = []
    for size, *cells in zip(SIZES, cosines, numbers, strict=True):
        shown = (f'{cosine:.3f} ({number})' if number else '' for cosine, number in zip(*cells, strict=True))
        rows.insert(0, [size, *shown])
    return markdown_table(rows, [name, *COUNTS])


def rank_table(bank: FeatureBank, coresets: Mapping[str, Coreset], name: str) -> str:
    """Return how far the worst objects of each coreset's images of a class fall back behind the best: Figure 7."""
    rows = []
    for title, coreset in coresets.items():
        ranked = rank_objects(bank, coreset, label_of(bank, name), NUM_RANKED)
        if ranked:
            ends = [np.mean([end(image.ranks) for image in ranked]) for end in (np.min, np.median, np.max)]
            rows.append([title, len(ranked), *(f'{100 * end:.0f} %' for end in ends)])
    return markdown_table(rows, [f'first selected for {name}', 'images', 'best object', 'median', 'worst object'])


def _percent(counts: np.ndarray) -> list[str]:
    return [f'{100 * count / max(1, counts.sum()):.1f}' for count in counts]
