"""Measure how Stage 2 grows: time, memory and bytes exchanged against rows, dimensions, picks, classes and processes.

Each table changes one number and fits seconds ~ number ** exponent by least squares over logarithms. Seconds are of CPU
time with one thread a process: on a busy machine they say more than the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from banks import make_bank
from tabulate import tabulate

from mmcsod import FeatureBank
from mmcsod.selection.by_row import take_shared_turns
from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.lam import try_lams
from mmcsod.selection.methods.csod import make_objectives
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import make_task
from mmcsod.util.distributed import ALONE, TorchWorld, World, joined

EXAMPLES = """examples:
  OMP_NUM_THREADS=1 python tools/benchmarks/growth.py
  OMP_NUM_THREADS=1 python tools/benchmarks/growth.py --kernel numpy --repeats 5
  OMP_NUM_THREADS=1 python tools/benchmarks/growth.py --method classwise-facility-location --rows 20000
  OMP_NUM_THREADS=1 python tools/benchmarks/growth.py --method lam-auto --rows 20000
"""


@dataclass(frozen=True)
class Case:
    """The numbers that a measurement depends on; ``rows`` are of all classes, which are of one size."""

    rows: int = 80_000
    dimensions: int = 512
    picks: int = 400
    classes: int = 10
    processes: int = 1
    method: str = 'csod'


FACTORS = (0.5, 1, 2, 4)
PROCESSES = (1, 2, 4)


class CountingWorld(World):
    """Passes everything on to another world and counts the bytes that this process gives and gets."""

    def __init__(self, world: World) -> None:
        self.rank, self.size = world.rank, world.size
        self.bytes = 0
        self._world = world

    def add(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`mmcsod.util.distributed.World.add`; a ring gives and gets about twice the array."""
        self.bytes += 2 * values.nbytes
        return self._world.add(values)

    def copy_of(self, values: np.ndarray, rank: int) -> np.ndarray:
        """See :meth:`mmcsod.util.distributed.World.copy_of`."""
        self.bytes += values.nbytes
        return self._world.copy_of(values, rank)

    def gather(self, values: np.ndarray) -> np.ndarray:
        """See :meth:`mmcsod.util.distributed.World.gather`."""
        self.bytes += self.size * values.nbytes
        return self._world.gather(values)


def case_bank(case: Case) -> FeatureBank:
    """Return a bank of a case's shape, every image in about three classes."""
    size = case.rows // case.classes
    return make_bank([size] * case.classes, max(size, case.rows // 3), case.dimensions)


def measure(bank: FeatureBank, case: Case, kernel: str, world: World = ALONE) -> dict[str, float]:
    """Return CPU seconds of set-up and loop, and bytes exchanged, of one selection."""
    counting = CountingWorld(world)
    if case.method != 'csod':
        return measure_method(bank, case, kernel, counting)
    task = make_task(bank, SelectionOptions(case.picks, method='csod', kernel=kernel), counting)
    start = time.process_time()
    objectives = make_objectives(task.pool, task.lam, kernel_factory(kernel), counting)
    middle, before = time.process_time(), counting.bytes
    for _ in islice(take_shared_turns(task, objectives), case.picks):
        pass
    return {
        'setup': middle - start,
        'loop': time.process_time() - middle,
        'setup_bytes': before,
        'loop_bytes': counting.bytes - before,
    }


def measure_method(bank: FeatureBank, case: Case, kernel: str, world: CountingWorld) -> dict[str, float]:
    """Return the same for another method, whose set-up is part of its loop, or for the choice of lam."""
    method = 'csod' if case.method == 'lam-auto' else case.method
    options = SelectionOptions(case.picks, method=method, lam='auto', kernel=kernel)
    task, start = make_task(bank, options, world), time.process_time()
    if case.method == 'lam-auto':
        try_lams(task, lambda task: list(islice(options.entry.select(task), case.picks)))
    else:
        list(islice(options.entry.select(task), case.picks))
    return {'setup': 0.0, 'loop': time.process_time() - start, 'setup_bytes': 0, 'loop_bytes': world.bytes}


def peak_memory(bank: FeatureBank, case: Case, kernel: str) -> int:
    """Return the bytes that a selection takes beside the bank."""
    tracemalloc.start()
    measure(bank, case, kernel)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def table(name: str, base: Case, kernel: str, repeats: int) -> str:
    """Return the table of one number and its exponents."""
    rows = []
    for factor in FACTORS:
        case = replace(base, **{name: int(getattr(base, name) * factor)})
        bank = case_bank(case)
        runs = [measure(bank, case, kernel) for _ in range(repeats)]
        rows.append(
            [
                getattr(case, name),
                min(run['setup'] for run in runs),
                min(run['loop'] for run in runs),
                peak_memory(bank, case, kernel) / 1e6,
            ]
        )
    numbers = [row[0] for row in rows]
    fits = [
        'exponent',
        *(f'{exponent(numbers, column):.2f}' if all(column) else '' for column in zip(*rows, strict=True)),
    ]
    del fits[1]
    return tabulate([*rows, fits], [name, 'set-up s', 'loop s', 'memory beside the bank, MB'], floatfmt='.3g')


def exponent(numbers: list[float], values: list[float]) -> float:
    """Return b of values ~ a * numbers ** b."""
    return float(np.polyfit(np.log(numbers), np.log(values), 1)[0])


def processes_table(base: Case, kernel: str, folder: str) -> str:
    """Return the table of several processes: the CPU seconds of the busiest one, and bytes a pick through each."""
    case_bank(base).save(folder)
    rows = []
    for number in PROCESSES:
        found = list(run_processes(number, base, kernel, folder))
        rows.append(
            [
                number,
                max(each['setup'] for each in found),
                max(each['loop'] for each in found),
                found[0]['setup_bytes'],
                found[0]['loop_bytes'] / base.picks,
            ]
        )
    return tabulate(rows, ['processes', 'set-up s', 'loop s', 'bytes in set-up', 'bytes a pick'], floatfmt='.3g')


def run_processes(number: int, case: Case, kernel: str, folder: str) -> Iterator[dict[str, float]]:
    """Yield what each process measured."""
    command = [
        sys.executable,
        '-m',
        'torch.distributed.run',
        '--standalone',
        f'--nproc-per-node={number}',
        __file__,
        '--kernel',
        kernel,
        '--picks',
        str(case.picks),
        '--method',
        case.method,
        '--child',
        folder,
    ]
    out = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, env=os.environ | {'OMP_NUM_THREADS': '1'}
    ).stdout
    return (json.loads(line) for line in out.splitlines() if line.startswith('{'))


def child(args: argparse.Namespace) -> None:
    """Measure in one of several processes."""
    with joined('pytorch') as world:
        assert isinstance(world, TorchWorld)
        case = Case(picks=args.picks, method=args.method)
        print(json.dumps(measure(FeatureBank.load(args.child), case, args.kernel, world)), flush=True)


def main() -> None:
    """Measure as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--kernel', default='pruned', help='default: %(default)s')
    parser.add_argument('--repeats', type=int, default=3, help='the least of these counts (default: %(default)s)')
    parser.add_argument('--picks', type=int, default=Case.picks, help=argparse.SUPPRESS)
    parser.add_argument('--child', help=argparse.SUPPRESS)
    parser.add_argument('--folder', default='work_dirs/growth', help='where a bank goes (default: %(default)s)')
    parser.add_argument('--method', default='csod', help="a method, or 'lam-auto' (default: %(default)s)")
    parser.add_argument('--rows', type=int, default=Case.rows, help='of all classes (default: %(default)s)')
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    case = Case(rows=args.rows, picks=args.picks, method=args.method)
    print(f'{case}, kernel {args.kernel}')
    for name in ('rows', 'dimensions', 'picks', 'classes'):
        print(table(name, case, args.kernel, args.repeats), end='\n\n', flush=True)
    print(processes_table(case, args.kernel, args.folder))


if __name__ == '__main__':
    main()
