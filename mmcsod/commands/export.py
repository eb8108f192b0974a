"""``mmcsod export``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mmcsod.commands.arguments import add_cfg_options
from mmcsod.records.coreset import Coreset, first_picks
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_text
from mmcsod.util.text import first_few

if TYPE_CHECKING:
    from mmcsod.export import Export

DESCRIPTION = """Write a coreset for training without this package, or for another tool.

coco, voc, yolo    annotations and images of the coreset
fiftyone, lightly  keep.json and drop.json: the pool, divided, for FiftyOne and LightlyStudio
csv                the table that mmcsod select writes beside the coreset: the pool's images, keep or drop, and why
ids                the image ids, one a line, in the order of selection"""
EXAMPLES = """example; those of `mmcsod select --help` make its coreset:
  mmcsod export work_dirs/chess/coreset.json --format yolo --out work_dirs/chess/yolo \\
      --config configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py"""
IMAGE_MODES = ('reference', 'link', 'copy')
LOADING = {
    'yolo': 'Train on them with {out}/data.yaml, once it names your validation images.',
    'fiftyone': """Load them in Python:
  import fiftyone as fo
  dataset = fo.Dataset('coreset')
  for part in ('keep', 'drop'):
      dataset.add_dir(dataset_type=fo.types.COCODetectionDataset, data_path={data!r},
                      labels_path=f'{out}/{{part}}.json', tags=part)""",
    'lightly': """Load them in Python:
  import lightly_studio as ls
  dataset = ls.ImageDataset.create('coreset')
  for part in ('keep', 'drop'):
      dataset.add_samples_from_coco(f'{out}/{{part}}.json', images_path={data!r}, split=part)""",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of exporting."""
    parser.add_argument('coreset', help='a coreset file, as mmcsod select writes it')
    parser.add_argument(
        '--config',
        metavar='CONFIG',
        help='the training config that the coreset was selected with; without it the command shows which one '
        'the coreset names, and stops (ids and csv need none)',
    )
    parser.add_argument(
        '--format',
        required=True,
        choices=['coco', 'voc', 'yolo', 'fiftyone', 'lightly', 'csv', 'ids'],
        help='what to write',
    )
    parser.add_argument('--out', required=True, metavar='PATH', help='folder to make; with ids and csv, a file')
    parser.add_argument(
        '--image-mode',
        choices=IMAGE_MODES,
        help='leave images where they are, link to them, or copy them (default: reference; link for '
        'yolo, and for voc from other labels than VOC, which have a folder of images)',
    )
    parser.add_argument('--images', dest='image_mode', choices=IMAGE_MODES, help=argparse.SUPPRESS)  # its former name
    parser.add_argument(
        '--bank',
        metavar='FOLDER',
        help='with csv, the feature bank that the coreset was selected from (default: features beside the coreset)',
    )
    parser.add_argument('--num-images', type=int, metavar='N', help='use the first N images of the coreset')
    add_cfg_options(parser)


def main(args: argparse.Namespace) -> None:
    """Export as the command line says."""
    coreset = first_picks(Coreset.load(args.coreset), args.num_images)
    if args.format in ('ids', 'csv'):
        _refuse_existing(Path(args.out))
        if args.format == 'ids':
            _write_ids(coreset, Path(args.out))
        else:
            _write_table(coreset, Path(args.bank or Path(args.coreset).parent / 'features'), Path(args.out))
        return
    from mmcsod.export import export_coreset
    from mmcsod.util.config import load_config, parse_cfg_options

    config = load_config(args.config or _ask_for_config(coreset), parse_cfg_options(args.cfg_options))
    export = export_coreset(coreset, config, args.format, args.out, args.image_mode)
    print(f'{len(coreset)} images written to {args.out}')
    for note in _notes(export):
        print(note)
    if args.format in LOADING:
        out = str(Path(args.out).absolute())
        data = f'{out}/data' if args.image_mode in ('link', 'copy') else out
        print(LOADING[args.format].format(out=out, data=data))
    for source in export.settings:
        print('Train on them with a dataset of ' + ', '.join(f'{name}={value!r}' for name, value in source.items()))


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise UserError(f'{path} exists already; remove it or name another file.')


def _write_table(coreset: Coreset, folder: Path, path: Path) -> None:
    from mmcsod.records.bank import FeatureBank
    from mmcsod.report.image_table import write_table

    bank = FeatureBank.load(folder)
    write_table(path, bank, coreset)
    print(f'{len(bank.images)} images of the pool written to {path}')


def _write_ids(coreset: Coreset, path: Path) -> None:
    write_text(path, ''.join(f'{image}\n' for image in coreset.image_ids))
    print(f'{len(coreset)} image ids written to {path}')


def _notes(export: Export) -> Iterator[str]:
    yield from export.left_out.lines('objects')
    if export.carried:
        kinds = [f'{count} {name}' for name, count in export.carried.most_common()]
        yield f'Objects of other classes than the coreset was selected on, written too: {first_few(kinds)}'


def _ask_for_config(coreset: Coreset) -> NoReturn:
    """Show which config a coreset names: a config is a program, and no file may say that it is to be run."""
    path = coreset.provenance.get('config')
    origin = f'it says that it was selected with {path}' if path else 'it does not say which'
    raise UserError(
        'A coreset is exported with the training config that it was selected with, and '
        f'{origin}; name it with --config, if you trust it.'
    )
