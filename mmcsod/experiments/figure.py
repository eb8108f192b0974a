"""What an experiment has shown so far, as a picture: like the paper's Figures 3, 5 and 6."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mmcsod.experiments.results import Result
from mmcsod.experiments.spec import Experiment, Run
from mmcsod.experiments.statistics import Cell, Cells, Series, collect
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DODGE = 0.018
"""Share of the axis by which neighbouring series are drawn apart, so that their error bars do not cover each other."""

DRAWS = {'uniform': 'random (class-balanced)', 'full': 'random (plain)', 'stride': 'every k-th image'}
"""What the figure calls methods that look at no features; their lines are dashed."""

METRICS = {'coco/bbox_mAP_50': 'AP50', 'pascal_voc/mAP': 'AP50'}
"""What the figure calls an evaluator's metric."""

DARK_PAGE = '#0d1117'


Grid = tuple[Experiment, Mapping[Run, Result]]


def draw_figure(grids: Sequence[Grid], path: str | Path, dark: bool = False) -> None:
    """Draw what :func:`make_figure` shows into a file, for a light or a dark page."""
    from matplotlib import style

    page = dict.fromkeys(('figure.facecolor', 'axes.facecolor', 'savefig.facecolor'), DARK_PAGE)
    with style.context(['dark_background', page] if dark else []):
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
    kinds = [_kind(cells) for *_, cells in found]
    colors: dict[str, str] = defaultdict(lambda: f'C{len(colors)}')  # of each label, the same in all panels
    by_budget = set(kinds) == {_draw_by_budget}
    width, legend = (5.0, 2.6) if by_budget else (7.6, 0.0)
    figure = Figure(figsize=(width * len(found) + legend, 4.4), layout='constrained')
    panels = figure.subplots(1, len(found), squeeze=False)[0]
    for axes, draw, (experiment, detector, cells) in zip(panels, kinds, found, strict=True):
        axes.grid(alpha=0.3)
        draw(axes, cells, colors)
        axes.set_title(f'{experiment.name}, {detector}', loc='left')
        label_metric = axes.set_xlabel if draw is _draw_by_method else axes.set_ylabel
        label_metric(f'{METRICS.get(experiment.metric, experiment.metric)}, %\n{_meaning(cells)}')
    _add_legend(figure, [axes for axes, draw in zip(panels, kinds, strict=True) if draw is _draw_by_budget])
    return figure


def _kind(cells: Cells) -> Callable[[Axes, Cells, Mapping[str, str]], None]:
    """Return what draws the cells of one detector."""
    if any(series.is_swept for series in cells):
        return _draw_by_lam
    return _draw_by_budget if any(len(found) > 1 for found in cells.values()) else _draw_by_method


def _add_legend(figure: Figure, panels: Sequence[Axes]) -> None:
    """Add one legend for all panels over the budget, below them."""
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    if handles:
        figure.legend(list(handles.values()), list(handles), loc='outside lower center', ncols=2, frameon=False)


def _meaning(cells: Cells) -> str:
    """Return what a point and its bar are, with the number of seeds behind them."""
    seeds = {len(cell.values) for found in cells.values() for cell in found.values()}
    if seeds == {1}:
        return 'one training each'
    return f'mean of {min(seeds)}{f" to {max(seeds)}" if len(seeds) > 1 else ""} seeds; bars: 95 % t-interval'


def _draw_by_budget(axes: Axes, cells: Cells, colors: Mapping[str, str]) -> None:
    """Draw a line over the number of images for each method that has several, the highest mean first."""
    lines = {series: found for series, found in cells.items() if len(found) > 1}
    budgets = sorted({number for found in lines.values() for number in found if number is not None})
    step = (budgets[-1] / budgets[0]) ** DODGE
    order = sorted(lines, key=lambda series: -float(np.mean([cell.mean for cell in lines[series].values()])))
    for place, series in enumerate(order):
        shift = step ** (place - (len(order) - 1) / 2)
        positions = [number * shift for number in lines[series] if number is not None]
        style = '--' if series.method in DRAWS else '-'
        _errorbar(axes, positions, list(lines[series].values()), _name(series), colors, style)
    for series in cells:
        if series.is_full_set:
            axes.axhline(cells[series][None].mean, color='grey', linestyle=':', label=series.label)
    axes.set_xscale('log')
    axes.set_xticks(budgets, [str(number) for number in budgets])
    axes.set_xticks([], minor=True)
    axes.set_xlabel('images trained on')


def _draw_by_lam(axes: Axes, cells: Cells, colors: Mapping[str, str]) -> None:
    """Draw a line for all lams of a method and budget, and a level for what has no lam or takes it from the budget."""
    lams = sorted({series.lam for series in cells if isinstance(series.lam, int | float)})
    lines: dict[tuple[Series, int | None], dict[float, Cell]] = defaultdict(dict)
    for series, found in cells.items():
        for number, cell in found.items():
            if isinstance(series.lam, int | float):
                lines[replace(series, lam=None), number][series.lam] = cell
            else:
                label = _label(series, number)
                axes.axhline(cell.mean, color=colors[label], linestyle='--', label=label)
    for (series, number), swept in lines.items():
        _errorbar(axes, [lams.index(lam) for lam in swept], list(swept.values()), _label(series, number), colors)
    axes.set_xticks(range(len(lams)), [f'{lam:g}' for lam in lams])
    axes.set_xlabel('lam')
    axes.legend(loc='center left', bbox_to_anchor=(1, 0.5))


def _name(series: Series) -> str:
    return replace(series, method=DRAWS.get(series.method, series.method)).label


def _label(series: Series, number: int | None) -> str:
    return _name(series) if number is None else f'{_name(series)}, {number} images'


def _draw_by_method(axes: Axes, cells: Cells, colors: Mapping[str, str]) -> None:
    """Draw a line of the panel for each method, the highest mean first: names of methods are long."""
    single = {series: next(iter(found.values())) for series, found in cells.items()}
    rows = sorted(single.items(), key=lambda item: item[1].mean)
    places = range(len(rows))
    means, widths = [cell.mean for _, cell in rows], [cell.half_width or 0 for _, cell in rows]
    axes.errorbar(means, places, xerr=widths, fmt='o', capsize=4)
    for place, (_, cell) in zip(places, rows, strict=True):
        axes.plot(list(cell.values.values()), [place] * len(cell.values), '.', color='grey', alpha=0.5)
    axes.set_yticks(list(places), [_with_objects(_name(series), cell) for series, cell in rows])
    numbers = {number for found in cells.values() for number in found if number is not None}
    axes.set_title(f'{min(numbers)} images' if numbers else 'all images', loc='right', fontsize='medium')


def _with_objects(label: str, cell: Cell) -> str:
    objects = cell.average('objects')
    return label if objects is None else f'{label} ({objects:.0f} objects)'


def _errorbar(
    axes: Axes, positions: Sequence[float], cells: list[Cell], label: str, colors: Mapping[str, str], style: str = '-'
) -> None:
    """Draw means with their intervals, where there are two values or more."""
    widths = [np.nan if cell.half_width is None else cell.half_width for cell in cells]
    means = [cell.mean for cell in cells]
    drawn = axes.errorbar(
        positions, means, widths, marker='o', capsize=3, label=label, color=colors[label], linestyle=style
    )
    for bar in (*drawn.lines[1], *drawn.lines[2]):
        bar.set_alpha(0.5)
