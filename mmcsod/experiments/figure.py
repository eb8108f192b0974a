"""What an experiment has shown so far, as a picture: like the paper's Figures 3, 5 and 6."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mmcsod.experiments.results import Result
from mmcsod.experiments.spec import Experiment, Run
from mmcsod.experiments.statistics import Cell, Cells, Series, collect
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DODGE = 0.008
"""Share of the axis by which neighbouring series are drawn apart, so that their error bars do not cover each other."""


Grid = tuple[Experiment, Mapping[Run, Result]]


def draw_figure(grids: Sequence[Grid], path: str | Path) -> None:
    """Draw what :func:`make_figure` shows into a file."""
    write_figure(path, make_figure(grids), dpi=150)


def make_figure(grids: Sequence[Grid]) -> Figure:
    """Return one panel for each detector of each experiment.

    A panel shows the metric by budget, by lam if a method's lam varies, or by method.
    """
    from matplotlib.figure import Figure

    found = [
        (experiment, detector, {series: budgets for series, budgets in cells.items() if series.detector == detector})
        for experiment, results in grids
        for cells in [collect(experiment, results)]
        for detector in dict.fromkeys(series.detector for series in cells)
    ]
    if not found:
        raise UserError('There are no results to draw yet; run the experiment first.')
    figure = Figure(figsize=(7.6 * len(found), 4.4), layout='constrained')
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, (experiment, detector, cells) in zip(panels, found, strict=True):
        label_metric = _draw_panel(axes, cells)
        axes.set_title(f'{experiment.name}, {detector}', loc='left')
        label_metric(f'{experiment.metric}, %\n{_meaning(cells)}')
    return figure


def _meaning(cells: Cells) -> str:
    """Return what a point and its bar are, with the number of seeds behind them."""
    seeds = {len(cell.values) for found in cells.values() for cell in found.values()}
    if seeds == {1}:
        return 'one training each'
    return f'mean of {min(seeds)}{f" to {max(seeds)}" if len(seeds) > 1 else ""} seeds; bars: 95 % t-interval'


def _draw_panel(axes: Axes, cells: Cells) -> Callable[[str], object]:
    """Draw the cells of one detector, and return what names the axis of the metric."""
    axes.grid(alpha=0.3)
    budgets = {number for found in cells.values() for number in found if number is not None}
    if any(series.is_swept for series in cells):
        _draw_by_lam(axes, cells)
    elif len(budgets) > 1:
        _draw_by_budget(axes, cells)
    else:
        _draw_by_method(axes, cells)
        return axes.set_xlabel
    return axes.set_ylabel


def _draw_by_budget(axes: Axes, cells: Cells) -> None:
    budgets = sorted({number for found in cells.values() for number in found if number is not None})
    step = DODGE * (budgets[-1] - budgets[0])
    lines = {series: found for series, found in cells.items() if not series.is_full_set}
    for place, (series, found) in enumerate(lines.items()):
        shift = step * (place - (len(lines) - 1) / 2)
        _errorbar(axes, [number + shift for number in found if number is not None], list(found.values()), series.label)
    for series in cells.keys() - lines.keys():
        axes.axhline(cells[series][None].mean, color='grey', linestyle='--', label=series.label)
    axes.set_xticks(budgets)
    axes.set_xlabel('images trained on')
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5))


def _draw_by_lam(axes: Axes, cells: Cells) -> None:
    """Draw a line for all lams of a method and budget, and a level for what has no lam or takes it from the budget."""
    lams = sorted({series.lam for series in cells if isinstance(series.lam, int | float)})
    lines: dict[tuple[Series, int | None], dict[float, Cell]] = defaultdict(dict)
    for series, found in cells.items():
        for number, cell in found.items():
            if isinstance(series.lam, int | float):
                lines[replace(series, lam=None), number][series.lam] = cell
            else:
                axes.axhline(cell.mean, color=f'C{len(axes.lines)}', linestyle='--', label=_label(series, number))
    for (series, number), swept in lines.items():
        _errorbar(
            axes,
            [lams.index(lam) for lam in swept],
            list(swept.values()),
            _label(series, number),
            f'C{len(axes.lines)}',
        )
    axes.set_xticks(range(len(lams)), [f'{lam:g}' for lam in lams])
    axes.set_xlabel('lam')
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5))


def _label(series: Series, number: int | None) -> str:
    return series.label if number is None else f'{series.label}, {number} images'


def _draw_by_method(axes: Axes, cells: Cells) -> None:
    """Draw a line of the panel for each method, the highest mean first: names of methods are long."""
    single = {series: next(iter(found.values())) for series, found in cells.items()}
    rows = sorted(single.items(), key=lambda item: item[1].mean)
    places = range(len(rows))
    means, widths = [cell.mean for _, cell in rows], [cell.half_width or 0 for _, cell in rows]
    axes.errorbar(means, places, xerr=widths, fmt='o', capsize=4)
    for place, (_, cell) in zip(places, rows, strict=True):
        axes.plot(list(cell.values.values()), [place] * len(cell.values), '.', color='grey', alpha=0.5)
    axes.set_yticks(list(places), [_with_objects(series.label, cell) for series, cell in rows])
    numbers = {number for found in cells.values() for number in found if number is not None}
    axes.set_title(f'{min(numbers)} images' if numbers else 'all images', loc='right', fontsize='medium')


def _with_objects(label: str, cell: Cell) -> str:
    count = cell.average('objects')
    return label if count is None else f'{label} ({count:.0f} objects)'


def _errorbar(axes: Axes, positions: Sequence[float], cells: list[Cell], label: str, color: str | None = None) -> None:
    axes.errorbar(
        positions,
        [cell.mean for cell in cells],
        [cell.half_width or 0 for cell in cells],
        marker='o',
        capsize=3,
        label=label,
        color=color,
    )
