"""The part of ``mmcsod select`` that is Stage 2: its options, and selecting as they say."""

import argparse
import logging
import shlex
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from mmcsod.commands.arguments import add_fields
from mmcsod.commands.dry_run import describe_needs
from mmcsod.commands.leak_check import check_leaks
from mmcsod.commands.report import report_if_possible
from mmcsod.commands.summary import describe
from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.image_table import image_table, is_image_table, rare_images, write_image_table
from mmcsod.report.selected import Selected
from mmcsod.selection.coreset_files import save_coresets
from mmcsod.selection.near_duplicates import pool_clusters
from mmcsod.selection.options import DEFAULT_METHOD, SelectionOptions
from mmcsod.selection.registry import method_names
from mmcsod.selection.select import run_selection
from mmcsod.util.distributed import ALONE, World
from mmcsod.util.errors import UserError

logger = logging.getLogger('mmcsod')


def add_selection_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of selection to a parser; what is not given has the default of :class:`SelectionOptions`."""
    group = parser.add_argument_group('selection')
    budget = group.add_mutually_exclusive_group(required=True)
    several = 'how many images to select; several numbers give nested coresets, each in a file of its own'
    budgets: dict[str, Any] = {'num_images': {'nargs': '+', 'help': several}, 'ratio': {}, 'num_objects': {}}
    others: dict[str, Any] = {
        'method': {
            'help': f'one of {", ".join(method_names())} (default: {DEFAULT_METHOD}, and csod if --lam is given)'
        },
        'method_options': {'nargs': '+', 'action': 'extend', 'metavar': 'KEY=VALUE'},
        'turns': {'metavar': 'RULE'},
        'lam': {'metavar': 'X'},
        'kernel': {},
        'memory': {'metavar': 'SIZE'},
        'seed': {},
        'include': {'metavar': 'FILE'},
        'exclude': {'metavar': 'FILE'},
        'classes': {'type': lambda text: text.split(','), 'metavar': 'A,B'},
        'group': {'metavar': 'FIELD|PATTERN'},
        'per_group': {'metavar': 'K'},
        'uncertain': {'metavar': 'MEASURE'},
    }
    add_fields(budget, SelectionOptions, suppress=True, **budgets, **dict.fromkeys(others))
    add_fields(group, SelectionOptions, suppress=True, **others, **dict.fromkeys(budgets))
    group.add_argument('--dry-run', action='store_true', help='print sizes and memory, select nothing')
    group.add_argument(
        '--report',
        action=argparse.BooleanOptionalAction,
        help='write a page about the selected images beside the coreset (default: if they are found)',
    )


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition('=')
    if not (name and equals):
        raise UserError(f"--method-options was given '{text}'; write KEY=VALUE.")
    return name, value


def selection_options(args: argparse.Namespace) -> list[SelectionOptions]:
    """Return what the options ask for, one for each budget, the largest last."""
    names = [field.name for field in fields(SelectionOptions)]
    given = {name: value for name, value in vars(args).items() if name in names}
    numbers = sorted(set(given.pop('num_images', [None])))
    largest = SelectionOptions(
        numbers[-1], **given | {'method_options': dict(map(_setting, given.get('method_options', ())))}
    )
    return [replace(largest, num_images=number) for number in numbers]


def select_from_args(bank: FeatureBank, args: argparse.Namespace, folder: Path, world: World = ALONE) -> None:
    """Select as the options say, write the coreset files to ``folder`` or as ``--out`` says, and print a summary."""
    options = selection_options(args)
    if args.dry_run:
        if world.rank == 0:
            print(describe_needs(bank, options[-1], world.size))
        return
    start = time.perf_counter()
    coresets, warnings = _select(bank, options, world)
    seconds = time.perf_counter() - start
    if world.rank != 0:
        return
    paths = save_coresets(coresets, args.out or folder / 'coreset.json', args.overwrite, is_default=args.out is None)
    for sentence in warnings:
        logger.warning('%s', sentence)
    print(describe(bank, coresets))
    print(f'selected in {seconds:.2f} s in all; wrote, each with a list of its images beside it as .txt:')
    print('\n'.join(f'  {path}' for path in paths))
    write_tables(bank, coresets, paths, args.overwrite)
    leaks = check_leaks(bank, coresets[-1], paths[-1], args)
    report_if_possible(Path(paths[-1]), bank, coresets[-1], leaks, args.report, args.overwrite)
    when = ', once the new images are labelled' if bank.provenance.get('predictions') else ''
    print(f'Train on it{when}: {_training_command(bank, paths[-1], args)}')


def write_tables(bank: FeatureBank, coresets: Sequence[Coreset], paths: Sequence[Path], overwrite: bool) -> None:
    """Write the table of each coreset, and print how many images nothing selected is like."""
    clusters = pool_clusters(bank, coresets[-1])
    for coreset, path in zip(coresets, paths, strict=True):
        table = path.with_suffix('.csv')
        if table.exists() and not overwrite and not is_image_table(table):
            print(f'There is no table of images: {table} is something else; --overwrite replaces it.')
            continue
        write_image_table(table, image_table(Selected.find(path.stem, bank, coreset), clusters))
    rare = int(rare_images(Selected.find('', bank, coresets[-1])).sum())
    print(
        f'{paths[-1].with_suffix(".csv")}: what to keep and to drop, and why; {rare} unlike every selected image (rare)'
    )


def _training_command(bank: FeatureBank, coreset: Path, args: argparse.Namespace) -> str:
    """Return the command that trains on a coreset, ready to paste; the data are changed as they were to select."""
    config = Path(bank.provenance.get('config') or 'CONFIG')
    shown = config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config
    changes = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    missing = ['--allow-missing-classes'] if args.allow_missing_classes else []
    given = [*missing, *changes] if args.bank is None else []
    return shlex.join(['mmcsod', 'retrain', str(shown), str(coreset), *given])


def _select(bank: FeatureBank, options: list[SelectionOptions], world: World) -> tuple[list[Coreset], tuple[str, ...]]:
    """Return the coresets of all budgets, the largest last, and the warnings about that one."""
    *smaller, largest = options
    selection = run_selection(bank, largest, world)
    if largest.entry.nested:
        numbers = [one.num_images for one in smaller if one.num_images is not None]
        coresets = [selection.coreset.prefix(number) for number in numbers if number < len(selection.coreset)]
    else:
        coresets = [run_selection(bank, one, world).coreset for one in smaller]
    return [*coresets, selection.coreset], selection.warnings
