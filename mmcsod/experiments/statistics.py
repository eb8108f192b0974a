"""Means, spreads and paired differences over seeds."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from mmcsod.experiments.results import Result
from mmcsod.experiments.spec import FULL_SET, Experiment, Run
from mmcsod.selection.options import DEFAULT_METHOD
from mmcsod.util.errors import UserError

REFERENCE = 'uniform'
"""The paper's "Random", which everything is compared with."""


@dataclass(frozen=True)
class Series:
    """Runs that differ in nothing but the seed and the budget: a row of a table, a line of a figure.

    lam and iters are None also where they are a matter of the budget.
    """

    detector: str
    method: str
    lam: float | str | None
    tap: str | None
    iters: int | None
    turns: str = 'equal'

    @property
    def label(self) -> str:
        """What tables and figures call it: the method, and what is not the paper's; turns always for the default."""
        words = [self.method]
        if self.lam is not None:
            words.append(f'lam {self.lam:g}' if self.is_swept else f'lam {self.lam}')
        words += [f'turns {self.turns}'] if self.turns != 'equal' or self.method == DEFAULT_METHOD else []
        words += [f'{self.iters} iterations'] if self.iters is not None else []
        words += [f'tap {self.tap}'] if self.tap not in ('auto', None) else []
        return ', '.join(words)

    @property
    def is_swept(self) -> bool:
        """Whether it is one of several lams that were given as numbers."""
        return isinstance(self.lam, int | float)

    @property
    def is_full_set(self) -> bool:
        """Whether it trains on all images."""
        return self.method == FULL_SET


@dataclass(frozen=True)
class Cell:
    """The values of one series at one budget by seed, without those that are undefined (null), and all result lines."""

    values: Mapping[int, float]
    results: Mapping[int, Result]

    @property
    def iters(self) -> int:
        """Training iterations, the same for all seeds."""
        return int(next(iter(self.results.values()))['iters'])

    @property
    def mean(self) -> float:
        """Mean over seeds, NaN where the metric is undefined for all."""
        return float(np.mean(list(self.values.values()))) if self.values else np.nan

    @property
    def deviation(self) -> float | None:
        """Standard deviation over seeds, of a sample (n - 1); None for a single one."""
        return float(np.std(list(self.values.values()), ddof=1)) if len(self.values) > 1 else None

    @property
    def half_width(self) -> float | None:
        """Half the width of the mean's 95 % t-interval; None for a single value."""
        from scipy.stats import t

        count = len(self.values)
        return self.deviation * float(t.ppf(0.975, count - 1)) / count**0.5 if self.deviation is not None else None

    def average(self, fact: str) -> float | None:
        """Mean of a number of the result lines, None where they have none."""
        found = [result[fact] for result in self.results.values() if result.get(fact) is not None]
        return float(np.mean(found)) if found else None


Cells = Mapping[Series, Mapping[int | None, Cell]]


@dataclass(frozen=True)
class Difference:
    """A series minus the reference at one budget, over the seeds both have.

    ``p`` is of a two-sided paired t-test; None below two pairs or where all differences are equal.
    """

    mean: float
    pairs: int
    p: float | None


def collect(experiment: Experiment, results: Mapping[Run, Result]) -> dict[Series, dict[int | None, Cell]]:
    """Sort results into cells: series in the order of the experiment's runs, then by budget.

    Results of runs that the experiment no longer lists are left out.
    """
    grouped: dict[Series, dict[int | None, dict[int, Result]]] = defaultdict(lambda: defaultdict(dict))
    lams, lengths = _varied(experiment, 'lam'), _varied(experiment, 'iters')
    for run in experiment.runs:
        if run in results:
            kind = (run.detector, run.method)
            lam, iters = run.lam if kind in lams else None, run.iters if kind in lengths else None
            series = Series(*kind, lam, run.tap, iters, run.turns)
            grouped[series][run.num_images][run.seed] = results[run]
    return {
        series: {
            number: _cell(experiment, lines) for number, lines in sorted(budgets.items(), key=lambda item: item[0] or 0)
        }
        for series, budgets in grouped.items()
    }


def reference(cells: Cells, cell: Cell, number: int | None) -> Cell | None:
    """Return the cell of random draws that a cell at a budget is compared with: one of as many iterations."""
    return next(
        (
            budgets[number]
            for series, budgets in cells.items()
            if series.method == REFERENCE and number in budgets and budgets[number].iters == cell.iters
        ),
        None,
    )


def compare(cell: Cell, other: Cell | None) -> Difference | None:
    """Return the paired difference of two cells; None if they share no seed."""
    if other is None:
        return None
    seeds = sorted(set(cell.values) & set(other.values))
    if not seeds:
        return None
    differences = np.array([cell.values[seed] - other.values[seed] for seed in seeds])
    return Difference(float(differences.mean()), len(seeds), _paired_p(differences))


def _paired_p(differences: np.ndarray) -> float | None:
    # Metrics are rounded decimals: differences that are equal on paper differ in their last binary digits.
    if len(differences) < 2 or np.ptp(differences) < 1e-9:
        return None
    from scipy.stats import ttest_1samp

    return float(ttest_1samp(differences, 0).pvalue)


def _varied(experiment: Experiment, setting: str) -> set[tuple[str, str]]:
    """Return the (detector, method) that have runs which differ in nothing but their seed and ``setting``."""
    found: dict[tuple, set] = defaultdict(set)
    for run in experiment.runs:
        rest = asdict(run) | {'seed': None, setting: None}
        found[tuple(rest.items())].add(getattr(run, setting))
    kinds = (dict(rest) for rest, values in found.items() if len(values) > 1)
    return {(kind['detector'], kind['method']) for kind in kinds}


def _cell(experiment: Experiment, lines: Mapping[int, Result]) -> Cell:
    for line in lines.values():
        if experiment.metric not in line['metrics']:
            raise UserError(
                f"A result line of {experiment.name} has no metric '{experiment.metric}'; the experiment's "
                f'metric must be one of {", ".join(line["metrics"])}.'
            )
    found = {seed: line['metrics'][experiment.metric] for seed, line in sorted(lines.items())}
    values = {seed: experiment.scale * value for seed, value in found.items() if value is not None}
    return Cell(values, dict(sorted(lines.items())))
