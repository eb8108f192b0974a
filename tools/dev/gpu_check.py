"""Say in at most five minutes whether mmcsod's GPU paths are right, and how fast.

Each part runs in a process of its own for a limited time, prints as it goes, and is skipped with its reason where a
package or a device is missing. A table at the end, and a JSON file that is complete after every line.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
EXAMPLES = """examples:
  make gpu-check
  bash tools/dev/gpu_check.sh --device cpu --small    the same code, without a GPU
  bash tools/dev/gpu_check.sh --parts picks loop
"""
SECONDS = {'tests': 60, 'picks': 70, 'loop': 60, 'large': 60, 'extraction': 50}
"""How long each part may take."""

CPU_SECONDS = 600
"""The same without a GPU, where it is asked whether a part runs, not how fast."""

COLUMNS = ('part', 'what', 'right', 'seconds', 'compared', 'note')
PACKAGES = ('torch', 'numpy', 'faiss-gpu', 'faiss-cpu', 'onedl-mmcv', 'mmcv')
CPU_TESTS = 'tests/test_selection/test_kernels/test_similarities.py'
GPU_TESTS = 'tests/test_selection/test_kernels'


def tests(device: str, small: bool) -> Iterator[dict[str, Any]]:
    """Run the tests marked ``gpu``; without a GPU those of the same code on the CPU."""
    for package in ('pytest', 'hypothesis'):
        if importlib.util.find_spec(package) is None:
            yield {'note': f'skipped: {package} is not installed'}
            return
    chosen = ['-m', 'gpu', GPU_TESTS] if device == 'cuda' else [CPU_TESTS]
    command = [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', '--no-header', *chosen]
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    print(done.stdout[-3000:] if done.returncode else '', end='', flush=True)
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else done.stderr.strip()[-200:]
    yield {
        'what': ' '.join(chosen),
        'right': done.returncode == 0,
        'seconds': time.perf_counter() - start,
        'note': last.strip('= '),
    }


def run_part(name: str, device: str, small: bool) -> None:
    """Run a part in this process and print each result as a line of JSON."""
    try:
        module = 'gpu_check_extraction' if name == 'extraction' else 'gpu_check_selection'
        part = tests if name == 'tests' else getattr(importlib.import_module(module), name)
        for row in part(device, small):
            print(json.dumps({'part': name, **row}), flush=True)
    except ModuleNotFoundError as error:
        print(json.dumps({'part': name, 'note': f'skipped: {error.name} is not installed'}), flush=True)


def run_limited(name: str, args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Run a part in a process of its own, pass on what it prints, and yield its results."""
    command = [sys.executable, __file__, '--part', name, '--device', args.device, *(['--small'] if args.small else [])]
    folders = os.pathsep.join(map(str, (ROOT, ROOT / 'tools/benchmarks', Path(__file__).parent)))
    environment = os.environ | {'PYTHONPATH': folders}
    if args.device == 'cpu':
        environment['CUDA_VISIBLE_DEVICES'] = ''
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    limit = SECONDS[name] if args.device == 'cuda' else CPU_SECONDS
    timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    for line in process.stdout:
        if line.startswith('{"part"'):
            yield json.loads(line)
        else:
            print(line, end='', flush=True)
    timer.cancel()
    if status := process.wait():
        reason = f'stopped after {limit} s' if status == -signal.SIGKILL else f'ended with status {status}'
        yield {'part': name, 'right': None if status == -signal.SIGKILL else False, 'note': reason}


def shown(row: Mapping[str, Any]) -> list[str]:
    """Return a result as text, a column each."""
    words = {True: 'yes', False: 'NO', None: ''}
    seconds = row.get('seconds')
    return [
        row['part'],
        row.get('what', ''),
        words[row.get('right')],
        '' if seconds is None else f'{seconds:.3g}',
        row.get('compared', ''),
        row.get('note', ''),
    ]


def machine(device: str) -> dict[str, Any]:
    """Return what the results are of.

    Raises:
        SystemExit: If PyTorch, or the GPU that it is to use, is missing.
    """
    if importlib.util.find_spec('torch') is None:
        raise SystemExit('error: PyTorch is not installed; install it, or name a Python that has it with PYTHON=.')
    import torch

    if device == 'cuda' and not torch.cuda.is_available():
        raise SystemExit('error: PyTorch finds no CUDA device; --device cpu --small tries the same code on the CPU.')
    found: dict[str, Any] = {'python': platform.python_version(), 'cores': os.cpu_count()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    if device == 'cuda':
        found |= {'gpu': torch.cuda.get_device_name(), 'memory': torch.cuda.get_device_properties(0).total_memory}
    return found


def check(args: argparse.Namespace) -> bool:
    """Run the parts and return whether nothing was found to be wrong."""
    start, found = time.perf_counter(), machine(args.device)
    print(', '.join(f'{name} {value}' for name, value in found.items()), flush=True)
    rows: list[dict[str, Any]] = []
    for name in args.parts:
        for row in run_limited(name, args):
            rows.append(row)
            print(' | '.join(filter(None, shown(row))), flush=True)
            result = {'machine': found, 'small': args.small, 'device': args.device, 'rows': rows}
            args.out.parent.mkdir(parents=True, exist_ok=True)
            args.out.write_text(json.dumps(result, indent=1), encoding='utf-8')
    print_table([COLUMNS, *map(shown, rows)])
    wrong = [row for row in rows if row.get('right') is False]
    print(f'{time.perf_counter() - start:.0f} s, {len(wrong)} wrong; {args.out}')
    return not wrong


def print_table(lines: list[Any]) -> None:
    """Print lines of columns as Markdown; tabulate may be missing."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        print('| ' + ' | '.join(text.ljust(width) for text, width in zip(line, widths, strict=True)) + ' |')
        if number == 0:
            print('|' + '|'.join('-' * (width + 2) for width in widths) + '|')


def main() -> int:
    """Check as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--device', choices=('cuda', 'cpu'), default='cuda')
    parser.add_argument('--small', action='store_true', help='small banks: whether it runs, not how fast')
    parser.add_argument('--parts', nargs='+', choices=SECONDS, default=list(SECONDS))
    parser.add_argument('--out', type=Path, default=Path('work_dirs/gpu_check.json'), help='default: %(default)s')
    parser.add_argument('--part', help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part is not None:
        run_part(args.part, args.device, args.small)
        return 0
    return 0 if check(args) else 1


if __name__ == '__main__':
    sys.exit(main())
