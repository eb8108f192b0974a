"""The part of ``mmcsod select`` that is Stage 2: its options, and selecting as they say."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset
from mmcsod.selection.budget import Budget
from mmcsod.selection.image_ids import read_image_ids
from mmcsod.selection.methods.registry import get_method, method_names
from mmcsod.selection.select import check_arguments, select_coreset
from mmcsod.selection.summary import describe, expect


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of selection to a parser."""
    group = parser.add_argument_group('selection')
    budget = group.add_mutually_exclusive_group(required=True)
    budget.add_argument('--num-images', type=int, nargs='+', metavar='N',
                        help='images to select; several give nested coresets, the largest is coreset.json and each '
                             'smaller one coreset_N.json')
    budget.add_argument('--ratio', type=float, help='share of the images to select, above 0 and at most 1')
    budget.add_argument('--num-objects', type=int, metavar='N', help='stop before there are more objects than this')
    group.add_argument('--method', default='csod', help=f'one of {", ".join(method_names())} (default: csod)')
    group.add_argument('--lam', default='auto',
                       help="balance of Eq. 4: more is more representative, less is more diverse (default: 'auto', "
                            'which is 2 N / D for N of D images)')
    group.add_argument('--kernel', default='auto',
                       help='auto, pruned, numpy, torch or faiss (default: auto); the picks are the same with each')
    group.add_argument('--seed', type=int, default=0, help='seed of the methods that draw (default: 0)')
    group.add_argument('--include', metavar='FILE',
                       help='images that are in from the start: one id a line, or an earlier coreset.json')
    group.add_argument('--exclude', metavar='FILE', help='images that must stay out, likewise')
    group.add_argument('--classes', metavar='A,B', help='select for these classes only')
    group.add_argument('--dry-run', action='store_true', help='print sizes, memory and expected time, select nothing')


def check_selection_arguments(args: argparse.Namespace) -> None:
    """Refuse now, before hours of extraction, what selecting would refuse whatever the images are.

    Raises:
        UserError: If an option is unfit.
    """
    budget = Budget(min(args.num_images) if args.num_images else None, args.ratio, args.num_objects)
    check_arguments(budget, args.method, args.lam, args.kernel, args.seed)
    for path in filter(None, (args.include, args.exclude)):
        read_image_ids(path)


def select_from_args(bank: FeatureBank, args: argparse.Namespace, path: str | Path) -> Coreset | None:
    """Select as the options say, write the coreset files and print a summary.

    Args:
        bank: Stage 1's vectors.
        args: Parsed options of :func:`add_selection_arguments`.
        path: Where the coreset goes. Of several budgets the largest goes here and each smaller one to a file beside
            it that has the number of images in its name: the first picks of the largest, or, with a method that is
            not nested, a selection of its own.

    Returns:
        The largest coreset, or None after ``--dry-run``.

    Raises:
        UserError: If an option is unfit; nothing is written then.
    """
    check_selection_arguments(args)
    budgets = sorted(set(args.num_images or [None]))
    options = {'num_images': budgets[-1], 'ratio': args.ratio, 'num_objects': args.num_objects,
               'method': args.method, 'lam': args.lam, 'kernel': args.kernel, 'seed': args.seed,
               'include': args.include or (), 'exclude': args.exclude or (),
               'classes': args.classes.split(',') if args.classes else None}
    if args.dry_run:
        print(expect(bank, options))
        return None
    start = time.perf_counter()
    coresets = _select(bank, options, budgets)
    seconds = time.perf_counter() - start
    paths = _save(coresets, Path(path))
    print(describe(bank, coresets[-1]))
    print(f'selected in {seconds:.2f} s in all; wrote {", ".join(map(str, paths))}')
    return coresets[-1]


def _select(bank: FeatureBank, options: dict[str, Any], budgets: list[int | None]) -> list[Coreset]:
    """Return the coresets of all budgets, the largest last."""
    if not get_method(options['method']).nested:
        return [select_coreset(bank, **{**options, 'num_images': number}) for number in budgets]
    largest = select_coreset(bank, **options)
    smaller = [number for number in budgets if number is not None and number < len(largest)]
    return [*map(largest.prefix, smaller), largest]


def _save(coresets: list[Coreset], path: Path) -> list[Path]:
    paths = [path.with_name(f'{path.stem}_{len(coreset)}{path.suffix}') for coreset in coresets[:-1]] + [path]
    for coreset, target in zip(coresets, paths, strict=True):
        coreset.save(target)
    return paths
