"""The part of ``mmcsod select`` that is Stage 2: its options, and selecting as they say."""

from __future__ import annotations

import argparse
import logging
import time
from dataclasses import replace
from pathlib import Path

from mmcsod.commands.reporting import report_if_possible
from mmcsod.commands.summary import describe
from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.selection.coreset_files import save_coresets
from mmcsod.selection.forecast import expect
from mmcsod.selection.near_duplicates import warn_of
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.registry import method_names
from mmcsod.selection.select import run_selection
from mmcsod.util.distributed import ALONE, Group

logger = logging.getLogger('mmcsod')


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of selection to a parser."""
    group = parser.add_argument_group('selection')
    budget = group.add_mutually_exclusive_group(required=True)
    budget.add_argument(
        '--num-images',
        type=int,
        nargs='+',
        metavar='N',
        help='how many images to select; several numbers give nested coresets, each in a file of its own',
    )
    budget.add_argument('--ratio', type=float, metavar='R', help='share of the images to select, above 0 and at most 1')
    budget.add_argument('--num-objects', type=int, metavar='N', help='stop before the images hold more than N objects')
    group.add_argument('--method', default='csod', help=f'one of {", ".join(method_names())} (default: csod)')
    group.add_argument(
        '--lam',
        default='auto',
        metavar='X',
        help='balance of Eq. 4: a higher X picks what is more representative, a lower X what is more diverse '
        '(default: auto, which is 2 N / D for N of D images)',
    )
    group.add_argument(
        '--kernel',
        default='auto',
        help='auto, pruned, numpy, torch or faiss (default: auto); the picks are the same with each',
    )
    group.add_argument('--seed', type=int, default=0, metavar='S', help='seed of the methods that draw (default: 0)')
    group.add_argument(
        '--include', metavar='FILE', help='images that are in from the start: one id a line, or a coreset file'
    )
    group.add_argument('--exclude', metavar='FILE', help='images that must stay out, in such a file')
    group.add_argument('--classes', metavar='A,B', help='select for these classes only')
    group.add_argument('--dry-run', action='store_true', help='print sizes, memory and expected time, select nothing')
    group.add_argument(
        '--report',
        action=argparse.BooleanOptionalAction,
        help='write a page about the picks beside the coreset (default: if the images are found)',
    )


def selection_options(args: argparse.Namespace) -> list[SelectionOptions]:
    """Return what the options ask for, one for each budget, the largest last.

    Raises:
        UserError: If an option is unfit whatever the images are.
    """
    largest = SelectionOptions(
        max(args.num_images or [None]),
        args.ratio,
        args.num_objects,
        args.method,
        args.lam,
        args.kernel,
        args.seed,
        args.include or (),
        args.exclude or (),
        None if args.classes is None else args.classes.split(','),
    )
    return [replace(largest, num_images=number) for number in sorted(set(args.num_images or [None]))]


def select_from_args(bank: FeatureBank, args: argparse.Namespace, folder: Path, group: Group = ALONE) -> None:
    """Select as the options say, write the coreset files and print a summary.

    Args:
        bank: Stage 1's vectors.
        args: Parsed options of the command.
        folder: Where the coresets go, unless ``--out`` names a file.
        group: The processes that select together; the first of them writes.

    Raises:
        UserError: If an option is unfit, or a file would take the place of another coreset; nothing is written then.
    """
    *smaller, largest = selection_options(args)
    if args.dry_run:
        if group.rank == 0:
            print(expect(bank, largest, group.size))
        return
    start = time.perf_counter()
    coresets = _select(bank, smaller, largest, group)
    seconds = time.perf_counter() - start
    if group.rank != 0:
        return
    paths = save_coresets(coresets, args.out or folder / 'coreset.json', args.overwrite, is_default=args.out is None)
    for sentence in warn_of(bank, coresets[-1]):
        logger.warning('%s', sentence)
    print(describe(bank, coresets))
    print(f'selected in {seconds:.2f} s in all; wrote, each with a list of its images beside it as .txt:')
    print('\n'.join(f'  {path}' for path in paths))
    report_if_possible(Path(paths[-1]), bank, coresets[-1], args.report)
    print(f'Train on it: mmcsod retrain CONFIG {paths[-1]}')


def _select(
    bank: FeatureBank, smaller: list[SelectionOptions], largest: SelectionOptions, group: Group
) -> list[Coreset]:
    """Return the coresets of all budgets, the largest last."""
    coreset = run_selection(bank, largest, group)
    if not largest.entry.nested:
        return [*(run_selection(bank, options, group) for options in smaller), coreset]
    numbers = [options.num_images for options in smaller if options.num_images is not None]
    return [*(coreset.prefix(number) for number in numbers if number < len(coreset)), coreset]
