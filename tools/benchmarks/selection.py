"""Measure Stage 2: speed beside libraries and beside bare matrix-vector passes, memory, pruning."""

from __future__ import annotations

import argparse
import importlib.util
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from banks import SHAPES, make_bank
from tabulate import tabulate

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.by_row import take_shared_turns
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.kernels.pruned_kernel import PrunedKernel, make_pruned_kernel
from mmcsod.selection.methods.csod import make_objectives
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.registry import Task
from mmcsod.selection.select import make_task

EXAMPLES = """examples:
  python tools/benchmarks/selection.py libraries     needs requirements/benchmarks.txt
  python tools/benchmarks/selection.py loop --num-images 1000
  python tools/benchmarks/selection.py memory
  python tools/benchmarks/selection.py lams --repeats 1
  python tools/benchmarks/selection.py pruning --bank work_dirs/voc/features
"""
LIBRARY_LAM = 0.2
ALPHA = 2 * LIBRARY_LAM / (1 + LIBRARY_LAM)
"""Eq. 4 as a graph cut, whose gain is ALPHA * (sum over all rows) - 2 * B: lam * A - B is the same up to a factor."""

PICKS = 100


def libraries(args: argparse.Namespace) -> None:
    """Time one class, 512-d, 100 picks, beside apricot-select and submodlib-py, their kernels included."""
    rows = []
    for size in args.sizes:
        bank = make_bank([size], size, 512)
        own, coreset = _best_of(
            20, lambda bank=bank: select_coreset(bank, num_images=PICKS, lam=LIBRARY_LAM, kernel='auto')
        )
        picks = [bank.image_index[image] for image in coreset.image_ids]
        rows.append([size, 'mmcsod', *own])
        for name, run in (('apricot-select', _apricot), ('submodlib-py', _submodlib)):
            if importlib.util.find_spec(name.split('-')[0]) is None:
                rows.append([size, f'{name}: not installed'])
                continue
            run(bank.vectors[:200])  # compiles what it compiles
            other, other_picks = _best_of(args.repeats, lambda run=run, bank=bank: run(bank.vectors))
            rows.append([size, name, *other, *(other / own), _common_start(picks, other_picks)])
    headers = ['rows', 'library', 'wall s', 'CPU s', 'wall ratio', 'CPU ratio', 'same first picks']
    print(tabulate(rows, headers, floatfmt='.3g'))


def _common_start(picks: list[int], others: list[int]) -> int:
    same = np.array(picks) == np.array(others)
    return len(same) if same.all() else int(np.argmin(same))


def _apricot(vectors: np.ndarray) -> list[int]:
    from apricot import GraphCutSelection

    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    similarities = (units @ units.T).astype(np.float64)
    selector = GraphCutSelection(PICKS, metric='precomputed', alpha=ALPHA, optimizer='lazy')
    return selector.fit(similarities).ranking.tolist()


def _submodlib(vectors: np.ndarray) -> list[int]:
    # Here the weight is on the other sum.
    from submodlib import GraphCutFunction

    function = GraphCutFunction(
        n=len(vectors), mode='dense', lambdaVal=1 / ALPHA, separate_rep=False, data=vectors, metric='cosine'
    )
    return [pick for pick, _ in function.maximize(budget=PICKS, optimizer='LazyGreedy', show_progress=False)]


def loop(args: argparse.Namespace) -> None:
    """Time set-up and greedy loop at COCO's shape beside bare passes over the same rows, interleaved."""
    bank = make_bank(*SHAPES[args.shape], args.dimensions)
    setup, bare_pass = _measure_setup(bank, args.repeats)
    rows = [['set-up (norms, class sums), to one pass', setup, bare_pass, setup / bare_pass]]
    picks = {}
    for name, kernel in (('numpy', NumpyKernel), ('pruned', make_pruned_kernel)):
        seconds, bare, picks[name] = _measure_loop(bank, args.num_images, kernel, args.repeats)
        rows.append([f'greedy loop, {name}, to its passes', seconds, bare, seconds / bare])
    print(
        f'{len(bank)} rows of {args.dimensions} float32 ({bank.vectors.nbytes / 1e9:.2f} GB), '
        f'{len(bank.classes)} classes, N = {args.num_images}'
    )
    print(tabulate(rows, ['', 'seconds', 'bare seconds', 'ratio'], floatfmt='.3g'))
    print('same picks:', 'yes' if picks['numpy'] == picks['pruned'] else 'NO')


def _measure_setup(bank: FeatureBank, repeats: int) -> tuple[float, float]:
    task = _task(bank, 1000)
    query = np.ones(bank.vectors.shape[1], np.float32)
    setup, bare = [], []
    for _ in range(repeats):
        setup.append(_timed(lambda: make_objectives(task.pool, task.lam, NumpyKernel))[0])
        bare.append(_timed(lambda: bank.vectors @ query)[0])
    return min(setup), min(bare)


def _measure_loop(bank: FeatureBank, num_images: int, kernel: Any, repeats: int) -> tuple[float, float, list[str]]:
    """Return seconds of the greedy loop and of its bare passes, pick by pick the least of some repeats, and picks."""
    greedy, bare = np.full((2, num_images), np.inf)
    for _ in range(repeats):
        task = _task(bank, num_images)
        picks = take_shared_turns(task, make_objectives(task.pool, task.lam, kernel))
        chosen: list[str] = []
        while len(chosen) < num_images:
            # A round of picks, then their bare passes: neither finds its rows in the cache.
            turns = range(len(chosen), min(len(chosen) + len(bank.classes), num_images))
            labels = []
            for turn in turns:
                seconds, pick = _timed(lambda picks=picks: next(picks))
                greedy[turn] = min(greedy[turn], seconds)
                chosen.append(pick.image_id)
                labels.append(pick.label)
            for turn, label in zip(turns, labels, strict=True):
                bare[turn] = min(bare[turn], _bare_pass(task, label))
    return float(greedy.sum()), float(bare.sum()), chosen


def _bare_pass(task: Task, label: int) -> float:
    rows = task.pool.vectors(task.pool.rows_of_class(label))
    query = np.ones(rows.shape[1], np.float32)
    return _timed(lambda: rows @ query)[0]


def memory(args: argparse.Namespace) -> None:
    """Measure the peak memory of a selection at COCO's shape, the bank in memory and memory-mapped."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'features'
        _run_self('save', path, args.shape, args.dimensions)
        rows = []
        for kernel in args.kernels:
            for way in ('memory', 'mapped'):
                peak, size = map(float, _run_self('peak', path, way, kernel).split())
                rows.append([kernel, way, size / 1e9, peak / 1e9, peak / size])
    print(tabulate(rows, ['kernel', 'bank', 'bank GB', 'peak GB', 'ratio'], floatfmt='.3f'))


def _run_self(*arguments: object) -> str:
    command = [sys.executable, __file__, 'child', *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def child(args: argparse.Namespace) -> None:
    """Do one step of the memory measurement in a process of its own."""
    if args.rest[0] == 'save':
        path, shape, dimensions = args.rest[1:]
        make_bank(*SHAPES[shape], int(dimensions)).save(path)
        return
    path, way, kernel = args.rest[1:]
    kernel_factory(kernel)  # importing PyTorch is no part of it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    bank = FeatureBank.load(path)
    if way == 'memory':
        bank = FeatureBank(
            vectors=np.load(Path(path) / 'vectors.npy'), rows=bank.rows, images=bank.images, classes=bank.classes
        )
    select_coreset(bank, num_images=1000, method='csod', kernel=kernel)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before, bank.vectors.nbytes)


def pruning(args: argparse.Namespace) -> None:
    """Count the rows that exact pruning reads, beside those of the plain kernel."""
    rows = []
    banks: Iterator[tuple[str, FeatureBank]] = (
        iter([(args.bank, FeatureBank.load(args.bank))])
        if args.bank
        else ((shape, make_bank(*SHAPES[shape], args.dimensions)) for shape in ('voc', 'coco'))
    )
    for name, bank in banks:
        for lam in args.lams:
            rows.append([name, args.num_images, lam, *_measure_pruning(bank, args.num_images, lam)])
    print(
        tabulate(
            rows,
            ['bank', 'N', 'lam', 'rows read', 'after first', 'plain s', 'pruned s', 'ratio', 'same picks'],
            floatfmt='.3g',
        )
    )


def lams(args: argparse.Namespace) -> None:
    """Time a whole selection at one lam and at the lam of the best coverage, which takes nine selections."""
    bank = make_bank(*SHAPES[args.shape], args.dimensions)
    best = {
        lam: _best_of(args.repeats, lambda lam=lam: select_coreset(bank, args.num_images, method='csod', lam=lam))[0]
        for lam in ('2N/D', 'auto')
    }
    rows = [[lam, *seconds, *(seconds / best['2N/D'])] for lam, seconds in best.items()]
    print(tabulate(rows, ['lam', 'wall s', 'CPU s', 'wall ratio', 'CPU ratio'], floatfmt='.3g'))


def _measure_pruning(bank: FeatureBank, num_images: int, lam: float) -> list[object]:
    seconds, picks, kernels = {}, {}, {}
    for name, make in (('plain', NumpyKernel), ('pruned', PrunedKernel)):
        kernels[name], factory = _recorder(make)
        task = _task(bank, num_images, lam)
        iterator = take_shared_turns(task, make_objectives(task.pool, lam, factory))
        seconds[name], picks[name] = _timed(lambda iterator=iterator: list(islice(iterator, num_images)))
    turns = np.bincount([pick.label for pick in picks['pruned']], minlength=len(bank.classes))
    sizes = np.bincount(bank.labels, minlength=len(bank.classes))
    read = sum(kernel.rows_read for kernel in kernels['pruned'])
    first = sizes[turns > 0].sum()
    return [
        f'{read / (turns @ sizes):.1%}',
        f'{(read - first) / (turns @ sizes - first):.1%}',
        seconds['plain'],
        seconds['pruned'],
        seconds['plain'] / seconds['pruned'],
        'yes' if picks['plain'] == picks['pruned'] else 'NO',
    ]


def _recorder(make: Callable[..., Any]) -> tuple[list[Any], Callable[..., Any]]:
    made: list[Any] = []

    def factory(*arguments: Any) -> Any:
        made.append(make(*arguments))
        return made[-1]

    return made, factory


def _task(bank: FeatureBank, num_images: int, lam: float | str = 'auto') -> Task:
    return make_task(bank, SelectionOptions(num_images, method='csod', lam=lam, kernel='numpy'))


def _timed(run: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = run()
    return time.perf_counter() - start, result


def _best_of(repeats: int, run: Callable[[], Any]) -> tuple[np.ndarray, Any]:
    """Return the least wall and CPU seconds of some runs, and the result: CPU time tells where others use the CPU."""
    least = np.full(2, np.inf)
    for _ in range(repeats):
        cpu = time.process_time()
        wall, result = _timed(run)
        least = np.minimum(least, [wall, time.process_time() - cpu])
    return least, result


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = parser.add_subparsers(dest='part', required=True)
    for run in (libraries, loop, memory, pruning, lams):
        part = parts.add_parser(run.__name__, help=run.__doc__, description=run.__doc__)
        part.set_defaults(run=run)
        part.add_argument('--dimensions', type=int, default=2048)
        part.add_argument('--num-images', type=int, default=1000, metavar='N')
        part.add_argument('--repeats', type=int, default=3)
    parts.choices['libraries'].add_argument('--sizes', type=int, nargs='+', default=[1000, 3000, 6000])
    for name in ('loop', 'memory', 'lams'):
        parts.choices[name].add_argument('--shape', choices=SHAPES, default='coco')
    parts.choices['memory'].add_argument('--kernels', nargs='+', default=['numpy', 'pruned', 'torch'])
    parts.choices['pruning'].add_argument('--bank', help='a real feature bank to measure on')
    parts.choices['pruning'].add_argument('--lams', type=float, nargs='+', default=[0.01, 0.05, 0.5])
    part = parts.add_parser('child', help=argparse.SUPPRESS)
    part.set_defaults(run=child)
    part.add_argument('rest', nargs='+')
    return parser.parse_args()


if __name__ == '__main__':
    arguments = parse_args()
    arguments.run(arguments)
