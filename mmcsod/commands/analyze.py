"""``mmcsod analyze``."""

import argparse
from pathlib import Path

from mmcsod.records.bank import FeatureBank
from mmcsod.report.analyze import analyze
from mmcsod.report.suspicious import suspicious_labels, suspicious_table, write_labels
from mmcsod.util.errors import UserError

DESCRIPTION = (
    'Compare coresets without training: sizes, coverage, redundancy, list changes, prototypes, object ranks. Or list '
    'labels of the bank that are likely to be wrong.'
)
EXAMPLES = """examples, the first after those of `mmcsod select --help`:
  mmcsod analyze work_dirs/chess/features work_dirs/chess/coreset.json work_dirs/chess/uniform.json
  mmcsod analyze work_dirs/chess/features --suspicious 20
  mmcsod analyze work_dirs/voc/features objectwise.json csod.json --class person \\
      --out work_dirs/voc/analysis --images data/VOCdevkit"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an analysis."""
    parser.add_argument('bank', help='folder of the feature bank that the coresets were selected from')
    parser.add_argument(
        'coresets', nargs='*', metavar='CORESET', help='coreset files; list changes are counted from the first'
    )
    parser.add_argument(
        '--class',
        dest='class_name',
        metavar='NAME',
        help="also compare this class's objects (Table 4, Figure 7); needs a bank of --keep-objects",
    )
    parser.add_argument(
        '--suspicious',
        type=int,
        nargs='?',
        const=20,
        metavar='N',
        help='list the N labels that the detector of the bank contradicts most (20 if N is left out)',
    )
    parser.add_argument(
        '--out', metavar='DIR', help='draw figures into this folder; with --suspicious, write all labels to it as CSV'
    )
    parser.add_argument('--images', metavar='DIR', help="folder below which the images lie, to draw Figure 7's")


def main(args: argparse.Namespace) -> None:
    """Print and draw as the command line says."""
    if not args.coresets and args.suspicious is None:
        raise UserError('There is nothing to analyze; give coreset files, or --suspicious.')
    if args.suspicious is not None and args.suspicious < 1:
        raise UserError(f'--suspicious is {args.suspicious}; give 1 or more labels to list.')
    if args.suspicious is not None:
        _list_suspicious(args)
    if args.coresets:
        print(analyze(args.bank, args.coresets, args.class_name, args.out, args.images))
        if args.out is not None:
            print(f'\nwrote the figures to {args.out}')


def _list_suspicious(args: argparse.Namespace) -> None:
    labels = suspicious_labels(FeatureBank.load(args.bank))
    print(suspicious_table(labels[: args.suspicious]))
    if args.out is not None:
        path = Path(args.out) / 'suspicious.csv'
        write_labels(labels, path)
        print(f'\nwrote all {len(labels)} labels to {path}')
