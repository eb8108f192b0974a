"""Charts as SVG inside the page: drawn by Matplotlib, coloured by the page's style sheet, each with its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mmcsod.report.counts import Distribution, kl_divergence
from mmcsod.report.coverage import coverage_curve, diminishing_returns
from mmcsod.report.selected import Selected
from mmcsod.report.svg import INK, SERIES, page_style, to_svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 5.0
"""Inches; 360 of the page's pixels, so that text keeps its size on a phone."""

NAME_LENGTH = 26
LINES = ('-', '--', ':', '-.')


@dataclass(frozen=True)
class Chart:
    """A drawing, how to read it, and what it says to those who cannot see it: a summary, and the numbers drawn."""

    title: str
    svg: str
    summary: str
    note: str
    header: list[str]
    rows: list[list[str]]


@contextmanager
def _drawing(title: str, width: float, height: float) -> Iterator[tuple[Axes, list[str]]]:
    """Give axes in the page's style, and a list that has the SVG when the block ends."""
    svg: list[str] = []
    with page_style():
        figure = Figure(figsize=(width, height), layout='constrained')
        yield figure.subplots(), svg
        svg.append(to_svg(figure, title))


def draw_distribution(found: Distribution) -> Chart:
    """Draw the pool's shares beside those of each coreset; the summary gives KL(pool || coreset)."""
    shares = {name: 100 * counts / max(1, counts.sum()) for name, counts in found.counts.items()}
    with _drawing(found.title, WIDTH, 0.9 + len(found.categories) * (0.12 + 0.13 * len(shares))) as (axes, svg):
        _draw_bars(axes, found.categories, list(shares.values()))
        axes.set_xlabel(f'% of {found.unit}')
        axes.set_ylabel(found.axis)
    pool, *others = found.counts.items()
    divergences = {name: kl_divergence(pool[1], counts) for name, counts in others}
    summary = 'KL(pool ‖ coreset): ' + ', '.join(f'{name} {_number(value)}' for name, value in divergences.items())
    summary += ' nats; 0 is the same make-up' + (
        ', ∞ lacks a category of the pool.' if np.inf in divergences.values() else '.'
    )
    header = [found.axis, *(f'{name}, {unit}' for name in shares for unit in (found.unit, '%'))]
    rows = [
        [
            category,
            *(cell for name in shares for cell in (str(found.counts[name][index]), f'{shares[name][index]:.1f}')),
        ]
        for index, category in enumerate(found.categories)
    ]
    return Chart(found.title, svg[0], summary, found.note, header, rows)


def _draw_bars(axes: Axes, categories: Sequence[str], series: Sequence[np.ndarray]) -> None:
    places = np.arange(len(categories))
    height = 0.8 / len(series)
    for number, shares in enumerate(series):
        shift = (number - (len(series) - 1) / 2) * height
        axes.barh(places + shift, shares, height * 0.92, color=_colour(number))
    axes.set_yticks(places, [_short(name) for name in categories])
    axes.set_ylim(len(categories) - 0.5, -0.5)
    axes.tick_params(axis='y', length=0)
    axes.grid(axis='x')


def _end(one: Selected, curve: np.ndarray) -> str:
    bend = diminishing_returns(one.bank, one.coreset, curve)
    course = 'still rising' if bend is None else f'flat from {bend} on'
    return f'{one.name} {curve[-1]:.3f} with {len(curve)} images, {course}'


def draw_coverage(selections: Sequence[Selected]) -> Chart:
    """Draw the mean coverage of the classes over the number of selected images."""
    curves = {one.name: coverage_curve(one.coverages) for one in selections}
    title = 'Coverage of all classes'
    with _drawing(title, WIDTH, 2.9) as (axes, svg):
        _draw_curves(axes, list(curves.values()))
        axes.set_xlabel('selected images')
        axes.set_ylabel('coverage')
    ends = ', '.join(_end(one, curves[one.name]) for one in selections)
    marks = _marks(max(map(len, curves.values())))
    rows = [
        [str(mark), *(f'{curve[mark - 1]:.3f}' if mark <= len(curve) else '' for curve in curves.values())]
        for mark in marks
    ]
    note = (
        'The coverage of a class is the mean over its images of the cosine to the nearest selected image that holds '
        'it, 0 before there is one; here the mean of the classes. If the line is flat, more images add little.'
    )
    return Chart(title, svg[0], f'In the end: {ends}.', note, ['selected images', *curves], rows)


def draw_lam(one: Selected) -> Chart | None:
    """Draw coverage over the values of lam that were tried; None for a coreset whose lam was not chosen so."""
    parameters = one.coreset.parameters
    if not {'lams', 'coverages', 'lam_unit'} <= set(parameters):
        return None
    unit, coverages = parameters['lam_unit'], list(parameters['coverages'])
    times, best = [lam / unit for lam in parameters['lams']], parameters['lam'] / unit
    title = f'Coverage over lam: {one.name}'
    with _drawing(title, WIDTH, 2.4) as (axes, svg):
        axes.plot(times, coverages, color=_colour(1), linewidth=1.8, marker='o', markersize=4)
        axes.axvline(best, color=INK, linewidth=1, linestyle=':')
        axes.set_xscale('log', base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f'{value:g}'))
        axes.set_xlabel('lam in units of N / D')
        axes.set_ylabel('coverage')
        axes.grid()
    rows = [[f'{value:.4g}', f'{coverage:.6f}'] for value, coverage in zip(times, coverages, strict=True)]
    note = 'One selection at each lam; the one with the highest coverage is taken, on a tie the larger lam.'
    return Chart(
        title, svg[0], f'lam {best:.3g} N / D has the highest coverage.', note, ['lam in N / D', 'coverage'], rows
    )


def draw_class_coverage(selections: Sequence[Selected], label: int, name: str) -> Chart:
    """Draw one class's coverage over the number of selected images, small."""
    curves = {one.name: one.coverages[label].curve for one in selections}
    with _drawing(f'class {label}', 2.4, 1.5) as (axes, svg):
        _draw_curves(axes, list(curves.values()))
        axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.set_xlabel('selected images')
        axes.set_ylabel('cosine')
    rows = [[series, *_ends(curve)] for series, curve in curves.items()]
    summary = '; '.join(f'{series}: from image {first} on, {last} in the end' for series, first, last in rows)
    return Chart(name, svg[0], f'{summary}.', '', ['coreset', 'first selected', 'in the end'], rows)


def _draw_curves(axes: Axes, curves: Sequence[np.ndarray]) -> None:
    for number, curve in enumerate(curves, start=1):
        axes.plot(
            np.arange(1, len(curve) + 1),
            curve,
            color=_colour(number),
            linewidth=1.8,
            linestyle=LINES[(number - 1) % len(LINES)],
            marker='o' if len(curve) == 1 else None,
        )
    axes.set_xlim(1, max(2, *map(len, curves)))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.grid()


def _ends(curve: np.ndarray) -> tuple[str, str]:
    """Return the first selected image that holds a class, and the coverage in the end."""
    before = int(np.isnan(curve).sum())
    return ('never', 'none') if before == len(curve) else (str(before + 1), f'{curve[-1]:.3f}')


def _marks(last: int) -> list[int]:
    """Return about a dozen numbers of images up to the last."""
    return sorted({round(mark) for mark in np.linspace(1, last, min(last, 12)).tolist()})


def _number(value: float) -> str:
    return 'unknown' if np.isnan(value) else '∞' if np.isinf(value) else f'{value:.4f}'


def _colour(number: int) -> str:
    """Return the colour of a series: the first is the pool's, the others repeat."""
    return SERIES[0] if number == 0 else SERIES[1 + (number - 1) % (len(SERIES) - 1)]


def _short(name: str) -> str:
    return name if len(name) <= NAME_LENGTH else name[: NAME_LENGTH - 1] + '…'
