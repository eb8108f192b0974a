"""``mmcsod analyze``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mmcsod.analysis import tables
from mmcsod.bank import FeatureBank
from mmcsod.coreset import Coreset
from mmcsod.fileio import file_name

DESCRIPTION = 'Compare coresets without training: sizes, coverage, redundancy, list changes, prototypes, object ranks.'
EXAMPLES = """examples, the first after those of `mmcsod select --help`:
  mmcsod analyze work_dirs/chess/features work_dirs/chess/coreset.json work_dirs/chess/uniform.json
  mmcsod analyze work_dirs/voc/features objectwise.json csod.json --class person \\
      --out work_dirs/voc/analysis --images data/VOCdevkit"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of an analysis."""
    parser.add_argument('bank', help='folder of the feature bank that the coresets were selected from')
    parser.add_argument('coresets', nargs='+', metavar='CORESET',
                        help='coreset files; list changes are counted from the first')
    parser.add_argument('--class', dest='class_name', metavar='NAME',
                        help="also compare this class's objects (Table 4, Figure 7); needs a bank of --keep-objects")
    parser.add_argument('--out', metavar='DIR', help='draw figures into this folder')
    parser.add_argument('--images', metavar='DIR', help="folder below which the images lie, to draw Figure 7's")


def main(args: argparse.Namespace) -> None:
    """Print and draw as the command line says."""
    bank = FeatureBank.load(args.bank)
    coresets = tables.load_coresets(args.coresets)
    masks = {name: tables.selected_images(bank, coreset, name) for name, coreset in coresets.items()}
    parts = [_sizes(bank, masks), tables.similarity_table(bank, masks), tables.coverage_table(bank, coresets)]
    if len(masks) > 1:
        parts.append(tables.changes_table(masks))
    if args.class_name is not None:
        parts += [tables.prototype_table(bank, args.class_name), tables.rank_table(bank, coresets, args.class_name)]
    print('\n\n'.join(parts))
    if args.out is not None:
        draw(args, bank, coresets, masks)


def _sizes(bank: FeatureBank, masks: Mapping[str, np.ndarray]) -> str:
    if bank.objects is None:
        return 'The bank has no table of objects (it was made of vectors alone), so that sizes are not compared.'
    return tables.size_table(bank, masks)


def draw(args: argparse.Namespace, bank: FeatureBank, coresets: Mapping[str, Coreset],
         masks: Mapping[str, np.ndarray]) -> None:
    """Draw the figures."""
    from mmcsod.analysis.figures import draw_ranks, draw_similarity, draw_sizes
    from mmcsod.analysis.object_ranks import rank_objects

    out = Path(args.out)
    if bank.objects is not None:
        draw_sizes(bank, masks, out / 'sizes.png')
    draw_similarity(bank, masks, out / 'similarity.png')
    if args.class_name is not None and args.images is not None:
        label = tables.label_of(bank, args.class_name)
        ranked = {name: rank_objects(bank, coreset, label, 5) for name, coreset in coresets.items()}
        draw_ranks(ranked, args.images, out / f'ranks_{file_name(args.class_name)}.png')
    print(f'\nwrote the figures to {out}')

