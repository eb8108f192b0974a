"""``mmcsod export``."""

from __future__ import annotations

import argparse
from typing import NoReturn

from mmcsod.commands.cfg_options import add_cfg_options
from mmcsod.records.coreset import Coreset, first_picks
from mmcsod.util.errors import UserError

DESCRIPTION = 'Write a coreset as COCO JSON, VOC image lists or YOLO labels, for training without this package.'
EXAMPLES = """example; those of `mmcsod select --help` make its coreset:
  mmcsod export work_dirs/chess/coreset.json --format yolo --out work_dirs/chess/yolo \\
      --config configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of exporting."""
    parser.add_argument('coreset', help='a coreset file, as mmcsod select writes it')
    parser.add_argument(
        '--config',
        metavar='CONFIG',
        help='the training config that the coreset was selected with; without it the command shows which one '
        'the coreset names, and stops',
    )
    parser.add_argument('--format', required=True, choices=['coco', 'voc', 'yolo'], help='what to write')
    parser.add_argument('--out', required=True, metavar='DIR', help='folder to make')
    parser.add_argument(
        '--images',
        choices=['reference', 'link', 'copy'],
        help='leave images where they are, link to them, or copy them (default: reference; link for '
        'yolo, which looks for labels beside its images)',
    )
    parser.add_argument('--num-images', type=int, metavar='N', help='use the first N images of the coreset')
    add_cfg_options(parser)


def main(args: argparse.Namespace) -> None:
    """Export as the command line says."""
    from mmcsod.export import export_coreset
    from mmcsod.util.config import load_config, parse_cfg_options

    coreset = first_picks(Coreset.load(args.coreset), args.num_images)
    config = load_config(args.config or _ask_for_config(coreset), parse_cfg_options(args.cfg_options))
    images = args.images or ('link' if args.format == 'yolo' else 'reference')
    settings = export_coreset(coreset, config, args.format, args.out, images)
    print(f'{len(coreset)} images written to {args.out}')
    if args.format == 'yolo':
        print(f'Train on them with {args.out}/data.yaml, once it names your validation images.')
    for source in settings:
        print('Train on them with a dataset of ' + ', '.join(f'{name}={value!r}' for name, value in source.items()))


def _ask_for_config(coreset: Coreset) -> NoReturn:
    """Show which config a coreset names: a config is a program, and no file may say that it is to be run."""
    path = coreset.provenance.get('config')
    origin = f'it says that it was selected with {path}' if path else 'it does not say which'
    raise UserError(
        'A coreset is exported with the training config that it was selected with, and '
        f'{origin}; name it with --config, if you trust it.'
    )
