"""``mmcsod analyze``."""

from __future__ import annotations

import argparse

from mmcsod.analysis.analyze import analyze

DESCRIPTION = 'Compare coresets without training: sizes, coverage, redundancy, list changes, prototypes, object ranks.'
EXAMPLES = """examples, the first after those of `mmcsod select --help`:
  mmcsod analyze work_dirs/chess/features work_dirs/chess/coreset.json work_dirs/chess/uniform.json
  mmcsod analyze work_dirs/voc/features objectwise.json csod.json --class person \\
      --out work_dirs/voc/analysis --images data/VOCdevkit"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an analysis."""
    parser.add_argument('bank', help='folder of the feature bank that the coresets were selected from')
    parser.add_argument(
        'coresets', nargs='+', metavar='CORESET', help='coreset files; list changes are counted from the first'
    )
    parser.add_argument(
        '--class',
        dest='class_name',
        metavar='NAME',
        help="also compare this class's objects (Table 4, Figure 7); needs a bank of --keep-objects",
    )
    parser.add_argument('--out', metavar='DIR', help='draw figures into this folder')
    parser.add_argument('--images', metavar='DIR', help="folder below which the images lie, to draw Figure 7's")


def main(args: argparse.Namespace) -> None:
    """Print and draw as the command line says."""
    print(analyze(args.bank, args.coresets, args.class_name, args.out, args.images))
    if args.out is not None:
        print(f'\nwrote the figures to {args.out}')
