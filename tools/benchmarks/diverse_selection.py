"""Measure the methods that notice near-duplicates: beside libraries, and beside bare passes over the same rows."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
from banks import SHAPES, make_bank
from tabulate import tabulate

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.allowance import Allowance
from mmcsod.selection.by_row import make_states, take_shared_turns
from mmcsod.selection.facility_rows import FacilityLocation
from mmcsod.selection.lazy_rows import LazyRows, Rule
from mmcsod.selection.methods.classwise_facility_location import one_in
from mmcsod.selection.methods.log_det import LogDet
from mmcsod.selection.methods.nearest import Nearest
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.registry import Task
from mmcsod.selection.select import make_task
from mmcsod.selection.unit_rows import UnitRows

EXAMPLES = """examples:
  python tools/benchmarks/diverse_selection.py libraries     needs requirements/benchmarks.txt
  python tools/benchmarks/diverse_selection.py cost --shape coco --num-images 1000
  python tools/benchmarks/diverse_selection.py cost --shape voc --methods classwise-facility-location
  python tools/benchmarks/diverse_selection.py large --rows 200000 --max-covered 70000
"""
PICKS = 100

LARGEST_PRODUCT = 20_000
"""Rows of a class up to which its unit is measured whole; above, three blocks of it are, and their mean counts."""

LARGE = 'classwise-facility-location'
RULES: dict[str, Callable[[np.ndarray], Rule]] = {
    'csod-logdet': lambda eligible: LogDet(eligible, 1e-3, 1.0),
    'csod-mmr': lambda eligible: Nearest(1.0),
    'classwise-k-center': lambda eligible: Nearest(0.0),
}


def libraries(args: argparse.Namespace) -> None:
    """Time one class, 512-d, 100 picks, beside submodlib-py and apricot-select, their kernels included."""
    table = []
    for size in args.sizes:
        vectors = make_bank([size], size, 512).vectors
        for function, runs in (
            ('log-determinant', {'mmcsod': _log_det, 'submodlib-py': _submodlib_log_det}),
            (
                'facility location',
                {
                    'mmcsod': _facility_location,
                    'submodlib-py': _submodlib_facility_location,
                    'apricot-select': _apricot_facility_location,
                },
            ),
        ):
            unit = _unit_seconds(vectors)
            own, own_picks = _median_of(args.repeats, lambda runs=runs, vectors=vectors: runs['mmcsod'](vectors))
            table.append([size, function, 'mmcsod', own, own / unit])
            for name, run in list(runs.items())[1:]:
                run(vectors[:200])  # compiles what it compiles
                seconds, picks = _timed(lambda run=run, vectors=vectors: run(vectors))
                if function == 'log-determinant':
                    own_picks = _log_det(vectors, picks[0])
                table.append(
                    [size, function, name, seconds, seconds / unit, seconds / own, _same_picks(own_picks, picks)]
                )
    headers = ['rows', 'function', 'library', 'seconds', 'units', 'to mmcsod', 'same first picks']
    print(tabulate(table, headers, floatfmt='.3g'))


def _log_det(vectors: np.ndarray, first: int = 0) -> list[int]:
    """Select without likeness; every row's gain is equal at first, so the first row is given."""
    eligible = np.ones(len(vectors), bool)
    rows = LazyRows(UnitRows(vectors, eligible), eligible, LogDet(eligible, 1e-3, 0.0))
    picks = [first]
    while len(picks) < PICKS:
        rows.select(picks[-1], rows.unit(picks[-1]))
        picks.append(rows.best().row)
    return picks


def _submodlib_log_det(vectors: np.ndarray) -> list[int]:
    from submodlib import LogDeterminantFunction

    function = LogDeterminantFunction(n=len(vectors), mode='dense', lambdaVal=1e-3, data=vectors, metric='cosine')
    return [pick for pick, _ in function.maximize(budget=PICKS, optimizer='LazyGreedy', show_progress=False)]


def _facility_location(vectors: np.ndarray) -> list[int]:
    ids = [f'{i:06}' for i in range(len(vectors))]
    bank = FeatureBank.from_arrays(vectors, ids, [0] * len(ids), ['thing'])
    return [
        int(image) for image in select_coreset(bank, num_images=PICKS, method='classwise-facility-location').image_ids
    ]


def _submodlib_facility_location(vectors: np.ndarray) -> list[int]:
    from submodlib import FacilityLocationFunction

    function = FacilityLocationFunction(n=len(vectors), mode='dense', separate_rep=False, data=vectors, metric='cosine')
    return [pick for pick, _ in function.maximize(budget=PICKS, optimizer='LazyGreedy', show_progress=False)]


def _apricot_facility_location(vectors: np.ndarray) -> list[int]:
    from apricot import FacilityLocationSelection

    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    selector = FacilityLocationSelection(PICKS, metric='precomputed', optimizer='lazy')
    return selector.fit((units @ units.T).astype(np.float64)).ranking.tolist()


def _same_picks(own: list[int], others: list[int]) -> int:
    same = np.array(own) == np.array(others)
    return len(same) if same.all() else int(np.argmin(same))


def cost(args: argparse.Namespace) -> None:
    """Time a selection beside what is due: a bare float32 pass over a class for each of its selected rows."""
    bank = make_bank(*SHAPES[args.shape], args.dimensions)
    table = []
    for method in args.methods:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        task = make_task(bank, SelectionOptions(num_images=args.num_images, method=method, memory=args.memory))
        setup, states = _timed(lambda task=task, method=method: make_states(task.pool, _maker(method, task)))
        seconds, picks = _timed(
            lambda task=task, states=states: list(islice(take_shared_turns(task, states), args.num_images))
        )
        selected = _selected_rows(bank, [pick.image_id for pick in picks])
        due = int(selected @ np.bincount(bank.labels, minlength=len(bank.classes)))
        read = [state.rows_read for state in states.values() if isinstance(state, LazyRows)]
        bare = _bare_seconds(task, selected)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
        units = sum(map(_unit_seconds, _classes(task))) if method == LARGE else 0.0
        table.append(
            [
                method,
                setup,
                seconds,
                bare,
                seconds / bare,
                f'{sum(read) / due:.1%}' if read else '',
                1 + max(0, grown) / bank.vectors.nbytes,
                (setup + seconds) / units if units else '',
            ]
        )
    print(
        f'{len(bank)} rows of {args.dimensions} float32 ({bank.vectors.nbytes / 1e9:.2f} GB), '
        f'{len(bank.classes)} classes, N = {args.num_images}'
    )
    print(
        tabulate(
            table,
            ['method', 'set-up s', 'greedy s', 'bare s', 'ratio', 'rows read', 'memory to bank', 'in units'],
            floatfmt='.3g',
        )
    )


def _maker(method: str, task: Task) -> Callable[[UnitRows, np.ndarray], Any]:
    if method == LARGE:
        allowance = Allowance(task.memory)
        return lambda units, eligible: FacilityLocation(units, eligible, allowance=allowance)
    return lambda units, eligible: LazyRows(units, eligible, RULES[method](eligible))


def _classes(task: Task) -> Iterator[np.ndarray]:
    for label in task.pool.labels:
        yield task.pool.vectors(task.pool.rows_of_class(label))


def _unit_seconds(vectors: np.ndarray) -> float:
    """Return the seconds of one float32 product of all similarities of a class, the median of three."""
    if len(vectors) <= LARGEST_PRODUCT:
        return _median_of(3, lambda: vectors @ vectors.T)[0]
    # Half the rows: of a whole product with itself BLAS computes a half, too.
    return _median_of(3, lambda: vectors[:1024] @ vectors.T)[0] * len(vectors) / 1024 / 2


def _selected_rows(bank: FeatureBank, images: list[str]) -> np.ndarray:
    chosen = np.isin(np.asarray(bank.images, dtype=object), images)
    return np.bincount(bank.labels[chosen[bank.rows['image']]], minlength=len(bank.classes))


def _bare_seconds(task: Task, passes: np.ndarray) -> float:
    """Return the time of so many passes over each class, each class's measured three times and the least taken."""
    query = np.ones(task.pool.bank.vectors.shape[1], np.float32)
    total = 0.0
    for label, number in enumerate(passes):
        rows = task.pool.bank.vectors[task.pool.rows_of_class(label)]
        total += number * min(_timed(lambda rows=rows: rows @ query)[0] for _ in range(3))
    return total


def _median_of(repeats: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the median of the seconds of some runs, and what the last gave."""
    runs = [_timed(run) for _ in range(repeats)]
    return float(np.median([seconds for seconds, _ in runs])), runs[-1][1]


def large(args: argparse.Namespace) -> None:
    """Time one large class with fewer and fewer of its vectors covered, and compare what is selected."""
    bank = make_bank([args.rows], args.rows, 512)
    units = bank.vectors / np.linalg.norm(bank.vectors, axis=1, keepdims=True)
    table, first = [], None
    for most in (*args.max_covered, None):
        method = 'uniform' if most is None else LARGE
        options = {} if most is None else {'max_covered': most}
        start, cpu = time.perf_counter(), time.process_time()
        coreset = select_coreset(
            bank, args.num_images, method=method, method_options=options, memory=args.memory or '4GB'
        )
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        rows = [bank.image_index[image] for image in coreset.image_ids]
        step = 1 if most is None else one_in(args.rows, most)
        covered = '' if most is None else -(-args.rows // step)
        first = first or set(rows)
        value = _mean_nearest(units, rows)
        table.append([method, most, covered, seconds, cpu, value, len(first.intersection(rows)) / len(rows)])
        print(table[-1], flush=True)
    headers = ['method', 'max_covered', 'covered', 'seconds', 'CPU s', 'mean cosine to nearest', 'same as first']
    print(tabulate(table, headers, floatfmt='.4g'))


def _mean_nearest(units: np.ndarray, rows: list[int]) -> float:
    """Return the mean, over all rows, of the cosine to the nearest selected one."""
    parts = (units[begin : begin + 10_000] @ units[rows].T for begin in range(0, len(units), 10_000))
    return float(np.concatenate([part.max(axis=1) for part in parts]).mean(dtype=np.float64))


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest='part', required=True)
    for run in (libraries, cost, large):
        parts.add_parser(run.__name__, help=run.__doc__, description=run.__doc__).set_defaults(run=run)
    parts.choices['libraries'].add_argument('--repeats', type=int, default=3, help='of mmcsod; the median counts')
    parts.choices['libraries'].add_argument('--sizes', type=int, nargs='+', default=[1000, 3000, 6000])
    parts.choices['cost'].add_argument('--shape', choices=SHAPES, default='coco')
    parts.choices['cost'].add_argument('--dimensions', type=int, default=2048)
    parts.choices['cost'].add_argument('--num-images', type=int, default=1000, metavar='N')
    parts.choices['cost'].add_argument('--memory', help='for similarities (default: half of what there is)')
    parts.choices['cost'].add_argument('--methods', nargs='+', default=['csod-logdet', 'csod-mmr'])
    parts.choices['large'].add_argument('--rows', type=int, default=20_000)
    parts.choices['large'].add_argument('--num-images', type=int, default=200, metavar='N')
    parts.choices['large'].add_argument('--memory', help='for similarities (default: 4GB)')
    parts.choices['large'].add_argument('--max-covered', type=int, nargs='+', default=[20_000, 10_000, 7_000, 2_000])
    return parser.parse_args()


if __name__ == '__main__':
    arguments = parse_args()
    arguments.run(arguments)
