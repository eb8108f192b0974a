#!/usr/bin/env python
"""Compare methods with the ways of drawing over several experiments, as Markdown.

Runs pair up by dataset, budget and seed. An experiment NAME_1 is of the dataset NAME. Example:
  python tools/dev/paired_differences.py results/fod_a*.jsonl results/construction*.jsonl
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from scipy.stats import ttest_1samp
from tabulate import tabulate

from mmcsod.experiments.results import read_results
from mmcsod.experiments.spec import FULL_SET, Run
from mmcsod.util.console import run

REFERENCES = ('uniform', 'full', 'stride')
DEFAULT_METRIC = 'coco/bbox_mAP_50'

Place = tuple[str, int, int]
"""What runs are paired by: dataset, budget, seed."""
Values = Mapping[str, Mapping[Place, float]]
"""The metric x 100, by method and place."""


def main() -> None:
    """Print the values, then the differences to each way of drawing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('results', nargs='+', type=Path, help='files of result lines, each named as its experiment')
    parser.add_argument('--metric', default=DEFAULT_METRIC, help='default: %(default)s')
    args = parser.parse_args()
    values = read_values(args.results, args.metric)
    print(render_values(values))
    for reference in REFERENCES:
        if reference in values:
            print(f'\n{render_differences(values, reference)}')


def read_values(paths: Iterable[Path], metric: str) -> Values:
    """Return the metric x 100 of all runs on a subset, by method and place; undefined ones are left out."""
    values: dict[str, dict[Place, float]] = defaultdict(dict)
    for path in paths:
        dataset = re.sub(r'_\d+$', '', path.stem)
        for each, line in read_results(path, path.stem).items():
            value = line['metrics'][metric]
            if each.method != FULL_SET and each.num_images is not None and value is not None:
                values[label(each)][dataset, each.num_images, each.seed] = 100 * value
    return values


def label(each: Run) -> str:
    """Return what tables call the method of a run, with lam and turns."""
    words = [each.method]
    words += [f'lam {each.lam}'] if each.lam is not None else []
    turns = getattr(each, 'turns', 'equal')
    return ', '.join(words + ([f'{turns} turns'] if turns != 'equal' else []))


def differences(values: Values, method: str, reference: str) -> dict[Place, float]:
    """Return a method's value minus the reference's, at the places that both have."""
    own, other = values[method], values[reference]
    return {place: own[place] - other[place] for place in sorted(own.keys() & other.keys())}


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979); NaN stays out of it."""
    corrected = np.full(len(p_values), np.nan)
    order = [place for place in np.argsort(p_values) if not np.isnan(p_values[place])]
    least = 0.0
    for rank, place in enumerate(order):
        least = max(least, min(1.0, (len(order) - rank) * p_values[place]))
        corrected[place] = least
    return corrected.tolist()


def render_values(values: Values) -> str:
    """Return the mean of each method by dataset and budget, with the values by seed."""
    columns = sorted({place[:2] for places in values.values() for place in places})
    rows = [[method, *(_cell(places, column) for column in columns)] for method, places in sorted(values.items())]
    headers = ['method', *(f'{dataset}, {number} images' for dataset, number in columns)]
    return 'Mean (each seed):\n\n' + tabulate(rows, headers, tablefmt='github', disable_numparse=True)


def _cell(places: Mapping[Place, float], column: tuple[str, int]) -> str:
    found = [value for place, value in sorted(places.items()) if place[:2] == column]
    return f'{np.mean(found):.1f} ({", ".join(f"{value:.1f}" for value in found)})' if found else ''


def render_differences(values: Values, reference: str) -> str:
    """Return each method's paired difference to the reference: by dataset, and over all with Holm's correction."""
    methods = [method for method in sorted(values) if method != reference]
    found = {method: differences(values, method, reference) for method in methods}
    datasets = sorted({place[0] for places in found.values() for place in places})
    overall = [list(found[method].values()) for method in methods]
    corrected = holm([_p(each) for each in overall])
    rows = [
        [method, *(_interval([v for place, v in found[method].items() if place[0] == d]) for d in datasets)]
        + [_interval(every) + ('' if np.isnan(p) else f'; p = {p:.2g}')]
        for method, every, p in zip(methods, overall, corrected, strict=True)
    ]
    title = f'Difference to {reference}: mean, 95 % t-interval (pairs); p after Holm:\n\n'
    return title + tabulate(rows, ['method', *datasets, 'all'], tablefmt='github', disable_numparse=True)


def _p(pairs: Sequence[float]) -> float:
    return float(ttest_1samp(pairs, 0).pvalue) if len(pairs) > 1 else np.nan


def _interval(pairs: Sequence[float]) -> str:
    if len(pairs) < 2:
        return f'{pairs[0]:+.1f} (1)' if pairs else ''
    low, high = ttest_1samp(pairs, 0).confidence_interval(0.95)
    return f'{np.mean(pairs):+.1f}, {low:+.1f} to {high:+.1f} ({len(pairs)})'


if __name__ == '__main__':
    run(main)
