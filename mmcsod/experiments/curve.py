"""How many images are enough: a power law through a method's results, and how far it can be trusted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar

from mmcsod.experiments.results import Result
from mmcsod.experiments.spec import Experiment, Run
from mmcsod.experiments.statistics import Cell, Cells, Series, collect
from mmcsod.util.errors import UserError
from mmcsod.util.text import markdown_table

SHARE = 0.95
"""Of the full set's metric: what the advice is about."""

EXPONENTS = (0.05, 4.0)
"""Range of c; outside of it the curve is a step or a logarithm."""

RESAMPLES = 400
"""Draws of the bootstrap."""

LEAST_POINTS = 4
"""Budgets, the full set among them: one more than the curve has parameters."""

Points = Mapping[int, Sequence[float]]
"""The metric of each seed, by number of images."""


@dataclass(frozen=True)
class PowerLaw:
    """metric = a - b * N^-c, the common form of learning curves (Hestness et al., arXiv:1712.00409)."""

    limit: float
    gap: float
    exponent: float

    def at(self, number: float) -> float:
        """Return the metric for a number of images."""
        return self.limit - self.gap * number**-self.exponent

    def images_for(self, metric: float) -> float:
        """Return the number of images that reach a metric; infinity if none does."""
        if metric >= self.limit:
            return np.inf
        return max(1.0, (self.gap / (self.limit - metric)) ** (1 / self.exponent))


def fit(numbers: Sequence[float], metrics: Sequence[float]) -> PowerLaw:
    """Fit the metrics of at least three numbers of images by least squares: linear in a and b, a search for c."""
    values = np.asarray(metrics, float)

    def solve(exponent: float) -> tuple[float, float, float]:
        powers = np.asarray(numbers, float) ** -exponent
        spread = powers - powers.mean()
        gap = max(0.0, -float(spread @ values) / float(spread @ spread))
        limit = float(values.mean() + gap * powers.mean())
        return limit, gap, float(((limit - gap * powers - values) ** 2).sum())

    found = minimize_scalar(lambda exponent: solve(exponent)[2], bounds=EXPONENTS, method='bounded')
    limit, gap, _ = solve(float(found.x))
    return PowerLaw(limit, gap, float(found.x))


def bootstrap(points: Points, value: Callable[[Points, PowerLaw], float]) -> tuple[float, float]:
    """Return the 95 % interval of a value of points and their curve, seeds drawn anew for each number of images."""
    rng = np.random.default_rng(0)
    found = []
    for _ in range(RESAMPLES):
        drawn = {number: rng.choice(metrics, len(metrics)).tolist() for number, metrics in points.items()}
        found.append(value(drawn, _fit_means(drawn)))
    low, high = np.quantile(found, [0.025, 0.975], method='nearest')
    return float(low), float(high)


def render_curve(experiment: Experiment, results: Mapping[Run, Result]) -> str:
    """Return Markdown: images for 95 % of the full set's metric, and what the largest budget was predicted to give."""
    cells = collect(experiment, results)
    table = [[series.label, len(points), *_advice(points), *_trial(points)] for series, points in _curves(cells)]
    if not table:
        raise UserError(
            f'The experiment {experiment.name} has no method with results at {LEAST_POINTS} or more '
            'numbers of images, the full set among them; --curve needs these.'
        )
    needed = f'images for {SHARE:.0%} of the full set'
    headers = ['method', 'budgets', needed, 'interval', 'held out', 'predicted', 'interval', 'measured']
    return (
        f'metric = a - b N^-c through the means of `{experiment.metric}`, intervals of 95 % by bootstrap over '
        'seeds. Held out is the largest number of images, predicted from the others.\n\n'
        + markdown_table(table, headers)
        + '\n'
    )


def _curves(cells: Cells) -> Iterator[tuple[Series, Points]]:
    for series, budgets in cells.items():
        full = _full_set(cells, series.detector)
        points = {number: list(cell.values.values()) for number, cell in budgets.items() if number and cell.values}
        if full is not None and full.values:
            points[int(full.average('images') or 0)] = list(full.values.values())
        if full is not None and len(points) >= LEAST_POINTS and not series.is_full_set:
            yield series, dict(sorted(points.items()))


def _full_set(cells: Cells, detector: str) -> Cell | None:
    return next(
        (budgets[None] for series, budgets in cells.items() if series.is_full_set and series.detector == detector), None
    )


def _advice(points: Points) -> tuple[str, str]:
    curve, least = _fit_means(points), min(points)
    if curve.gap == 0:
        return 'does not rise with N', '-'

    def needed(drawn: Points, curve: PowerLaw) -> float:
        return curve.images_for(SHARE * float(np.mean(drawn[max(drawn)])))

    interval = _interval(points, needed, lambda number: _images(number, least), exact=max(points))
    return _images(needed(points, curve), least), interval


def _trial(points: Points) -> tuple[str, str, str, str]:
    largest = max(points)
    others = {number: metrics for number, metrics in points.items() if number != largest}
    return (
        str(largest),
        f'{_fit_means(others).at(largest):.1f}',
        _interval(others, lambda drawn, curve: curve.at(largest), '{:.1f}'.format),
        f'{np.mean(points[largest]):.1f}',
    )


def _interval(
    points: Points, value: Callable[[Points, PowerLaw], float], show: Callable[[float], str], exact: int | None = None
) -> str:
    """Return the interval of a value, or a dash where a number of images but ``exact`` has one seed and no spread."""
    if any(len(metrics) < 2 for number, metrics in points.items() if number != exact):
        return '-'
    low, high = bootstrap(points, value)
    return f'{show(low)} to {show(high)}'


def _fit_means(points: Points) -> PowerLaw:
    return fit(list(points), [float(np.mean(metrics)) for metrics in points.values()])


def _images(number: float, least: int) -> str:
    """Return a number of images, where none fewer than ``least`` were trained on."""
    if not np.isfinite(number):
        return 'never'
    return f'{number:.0f}' if number >= least else f'under {least}'
