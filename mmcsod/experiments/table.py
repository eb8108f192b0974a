"""What an experiment has shown so far, as Markdown."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from mmcsod.experiments.results import Result
from mmcsod.experiments.spec import Experiment, Run
from mmcsod.experiments.statistics import REFERENCE, Cell, Cells, Difference, Series, collect, compare, reference
from mmcsod.util.text import markdown_table


def render_table(experiment: Experiment, results: Mapping[Run, Result]) -> str:
    """Return Markdown: per detector the metric, the differences to random, and what it all cost."""
    cells = collect(experiment, results)
    done = sum(run in results for run in experiment.runs)
    heading = (
        f'{experiment.name}: {done} of {len(experiment.runs)} runs done. {_unit(experiment)}, '
        'mean ± standard deviation over seeds (number of seeds).'
    )
    parts = [heading]
    for detector in experiment.detectors:
        own = {series: budgets for series, budgets in cells.items() if series.detector == detector}
        if own:
            parts.append(f'**{detector}**')
            parts += [_metric_table(own), _full_set(own), _difference_table(own), _cost_table(own)]
    parts += _notes(experiment, [results[run] for run in experiment.runs if run in results])
    return '\n\n'.join(part for part in parts if part) + '\n'


def _unit(experiment: Experiment) -> str:
    return f'`{experiment.metric}`' + ('' if experiment.scale == 1 else f' x {experiment.scale:g}')


def _metric_table(cells: Cells) -> str:
    return _by_budget(cells, lambda series, number: _number(cells[series].get(number)))


def _difference_table(cells: Cells) -> str:
    others = {series: budgets for series, budgets in cells.items() if series.method != REFERENCE}
    if len(others) == len(cells) or all(series.is_full_set for series in others):
        return ''

    def show(series: Series, number: int | None) -> str:
        cell = others[series].get(number)
        return _difference(compare(cell, reference(cells, cell, number))) if cell else ''

    table = _by_budget(others, show)
    return f'Difference to {REFERENCE}, paired by seed (pairs; p of a two-sided paired t-test):\n\n{table}'


def _cost_table(cells: Cells) -> str:
    facts = {'objects': '.0f', 'extraction_seconds': '.1f', 'selection_seconds': '.3f', 'training_minutes': '.1f'}
    rows = [
        [series.label, number or 'all', *(_plain(cell.average(fact), form) for fact, form in facts.items())]
        for series, budgets in cells.items()
        for number, cell in budgets.items()
    ]
    headers = ['method', 'images', 'objects', 'Stage 1, s', 'Stage 2, s', 'training, min']
    return 'What it cost, means over seeds:\n\n' + markdown_table(rows, headers)


def _by_budget(cells: Cells, show: Callable[[Series, int | None], str]) -> str:
    chosen = [series for series in cells if not series.is_full_set]
    budgets = sorted({number for series in chosen for number in cells[series] if number is not None})
    rows = [[series.label, *(show(series, number) for number in budgets)] for series in chosen]
    return markdown_table(rows, ['method', *(f'{number} images' for number in budgets)]) if rows else ''


def _full_set(cells: Cells) -> str:
    found = [budgets[None] for series, budgets in cells.items() if series.is_full_set]
    return '\n\n'.join(
        f'All {next(iter(cell.results.values()))["images"]} images, {cell.iters} iterations: {_number(cell)}.'
        for cell in found
    )


def _number(cell: Cell | None) -> str:
    if cell is None:
        return ''
    if not cell.values:
        return '-'
    spread = '' if cell.deviation is None else f' ± {cell.deviation:.1f}'
    return f'{cell.mean:.1f}{spread} ({len(cell.values)})'


def _difference(difference: Difference | None) -> str:
    if difference is None:
        return ''
    significance = '' if difference.p is None else f'; p = {difference.p:.2g}'
    return f'{difference.mean:+.1f} ({difference.pairs}{significance})'


def _plain(value: float | None, form: str) -> str:
    return '' if value is None else format(value, form)


def _notes(experiment: Experiment, results: Sequence[Result]) -> list[str]:
    """Return what makes these runs hard to compare."""
    weights = {result['selector']['weights'] for result in results if result.get('selector')}
    other = sum(_json(result.get('cfg_options', {})) != _json(experiment.cfg_options) for result in results)
    notes = []
    if len(weights) > 1:
        notes.append(f'Note: these runs were selected with {len(weights)} different sets of selector weights.')
    if other:
        notes.append(f'Note: {other} of these runs were done with other `cfg_options` than the experiment has now.')
    return notes


def _json(settings: Mapping[str, Any]) -> str:
    return json.dumps(dict(settings), sort_keys=True, default=str)
