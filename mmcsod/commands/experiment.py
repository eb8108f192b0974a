"""``mmcsod experiment``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmcsod.commands.arguments import add_cfg_options
from mmcsod.util.errors import UserError

if TYPE_CHECKING:
    from mmcsod.experiments.spec import Experiment

DESCRIPTION = 'Run grids of methods, budgets, seeds and detectors, and show what they have found so far.'
EXAMPLES = """examples, in a checkout, which carries the photographs:
  mmcsod experiment configs/experiments/chess.py --list
  mmcsod experiment configs/experiments/chess.py
  mmcsod experiment configs/experiments/chess.py --table --figure work_dirs/chess.png
  mmcsod experiment configs/experiments/chess.py --shard 1/2      and --shard 2/2 on another machine
  mmcsod experiment configs/experiments/fod_a*.py --results results --table

A grid that was stopped goes on where it was: finished runs have their line in the results. The results of several
machines are put together by writing them into one file (cat a.jsonl b.jsonl > both.jsonl). Experiments that train the
same detectors, such as fod_a.py and fod_a_1.py, share one table and one panel of the figure."""

GO_ON = 'finished runs are kept; the same command goes on with the others'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an experiment."""
    parser.add_argument(
        'experiments', nargs='+', metavar='experiment', help='experiment files; see docs/experiments.md'
    )
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help='folder of banks, coresets and logs (default: work_dirs/NAME; of several experiments, each has DIR/NAME)',
    )
    parser.add_argument(
        '--results',
        metavar='FILE',
        help='file of result lines, or a folder of one NAME.jsonl an experiment (default: WORK_DIR/results.jsonl)',
    )
    parser.add_argument('--shard', default='1/1', metavar='I/N', help='do every N-th run, beginning with the I-th')
    parser.add_argument('--list', action='store_true', help='print the runs, and which are done; run nothing')
    parser.add_argument('--table', action='store_true', help='print the results so far, as Markdown; run nothing')
    parser.add_argument('--figure', metavar='PNG', help='draw the results so far; run nothing')
    parser.add_argument('--dark', action='store_true', help='draw the figure for a dark page')
    parser.add_argument(
        '--curve',
        action='store_true',
        help="print how many images reach 95 %% of the full set's metric; run nothing",
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='extract features again if those in the work dir are of another selecting detector; finished runs stay',
    )
    add_cfg_options(parser, 'replace entries of the experiment file')


def main(args: argparse.Namespace) -> int:
    """Do what the command line says; return 1 if some run failed."""
    shard = parse_shard(args.shard)

    from mmcsod.experiments.spec import load_experiment
    from mmcsod.util.config import parse_cfg_options

    overrides = parse_cfg_options(args.cfg_options)
    experiments = [load_experiment(path, overrides) for path in args.experiments]
    folders = [_work_dir(args, experiment) for experiment in experiments]
    files = [_results(args.results, *each) for each in zip(experiments, folders, strict=True)]
    if args.list or args.table or args.figure or args.curve:
        _show(args, experiments, folders, files)
        return 0
    grids = zip(experiments, folders, files, strict=True)
    return max([run_grid(*grid, shard, args.overwrite) for grid in grids])


def _work_dir(args: argparse.Namespace, experiment: Experiment) -> Path:
    if args.work_dir is None:
        return Path('work_dirs') / experiment.name
    return Path(args.work_dir) if len(args.experiments) == 1 else Path(args.work_dir) / experiment.name


def _results(given: str | None, experiment: Experiment, folder: Path) -> Path:
    if given is None:
        return folder / 'results.jsonl'
    return Path(given) / f'{experiment.name}.jsonl' if Path(given).is_dir() else Path(given)


def _show(
    args: argparse.Namespace, experiments: Sequence[Experiment], folders: Sequence[Path], files: Sequence[Path]
) -> None:
    from mmcsod.experiments.curve import render_curve
    from mmcsod.experiments.figure import draw_figure
    from mmcsod.experiments.results import read_results
    from mmcsod.experiments.spec import join
    from mmcsod.experiments.table import render_table

    found = [read_results(path, experiment.name) for path, experiment in zip(files, experiments, strict=True)]
    grids = join(experiments, found)
    for experiment, results in grids:
        if args.list:
            print('\n'.join(f'{"done" if run in results else "    "} {run.name}' for run in experiment.runs))
        if args.table:
            print(render_table(experiment, results), end='')
        if args.curve:
            print(render_curve(experiment, results), end='')
    if args.table:
        lines = [_leaks(experiment, folder) for experiment, folder in zip(experiments, folders, strict=True)]
        for line in dict.fromkeys(filter(None, lines)):
            print(line)
    if args.figure:
        draw_figure(grids, args.figure, args.dark)
        print(f'wrote {args.figure}')


def run_grid(
    experiment: Experiment, work_dir: Path, path: Path, shard: tuple[int, int] = (1, 1), overwrite: bool = False
) -> int:
    """Do what is left of a grid, or every n-th run from the i-th for a ``shard`` (i, n); return 1 if a run failed."""
    from mmcsod.experiments.results import read_results
    from mmcsod.experiments.runner import ExperimentRunner
    from mmcsod.experiments.table import render_table

    failures = ExperimentRunner(experiment, work_dir, path, overwrite).run(shard)
    print(render_table(experiment, read_results(path, experiment.name)))
    if line := _leaks(experiment, work_dir, next(iter(experiment.detectors.values()))):
        print(line)
    print(f'Results: {path}; mmcsod experiment --table shows this again, --figure FILE draws it.')
    for failure in failures:
        print(f'failed: {failure}', file=sys.stderr)
    return int(bool(failures))


def _leaks(experiment: Experiment, work_dir: Path, config: str | None = None) -> str | None:
    """Return how many validation images leak into the pool; without a config, only if they were decoded before."""
    from mmcsod.commands.leak_check import describe_pool_leaks
    from mmcsod.records.bank import FeatureBank

    given = experiment.selector.bank
    folders = sorted(work_dir.glob('features_*/')) if given is None else [Path(given)]
    if not (folders and (folders[0] / 'meta.json').exists()):
        return None
    return describe_pool_leaks(FeatureBank.load(folders[0]), config, experiment.cfg_options)


def parse_shard(text: str) -> tuple[int, int]:
    """Return (i, n) of 'i/n'."""
    match = re.fullmatch(r'(\d+)/(\d+)', text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise UserError(f"--shard is '{text}'; give I/N, for example 1/2.")
    return int(match[1]), int(match[2])
