"""``mmcsod select``."""

import argparse
from pathlib import Path

from mmcsod.commands.extraction import add_extraction_arguments, describe_extraction, extract_from_args, work_dir
from mmcsod.commands.selection import add_selection_arguments, select_from_args, selection_options
from mmcsod.records.bank import FeatureBank
from mmcsod.selection.coreset_files import refuse_unfit_name
from mmcsod.util.distributed import joined
from mmcsod.util.errors import UserError
from mmcsod.util.files import refuse_unfit_file
from mmcsod.util.launcher import rank

DESCRIPTION = 'Select a coreset from the images that a detector reads, or from a finished feature bank.'
EXAMPLES = """examples; the first example of `mmcsod retrain --help` trains the detector that they need:
  mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py work_dirs/chess/iter_200.pth \\
      --num-images 24 --work-dir work_dirs/chess
  mmcsod select --bank work_dirs/chess/features --num-images 12 24 48
  mmcsod select --bank work_dirs/chess/features --num-images 24 --method uniform --out work_dirs/chess/uniform.json
  torchrun --nproc-per-node 2 -m mmcsod select --bank work_dirs/chess/features --num-images 24 --launcher pytorch
  mmcsod select --bank work_dirs/voc/features --ratio 0.05 --include labelled.txt --lam 0.05"""

GO_ON = 'an extraction is not lost: the same command with --resume goes on from there'


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of both stages."""
    parser.add_argument(
        '--bank',
        nargs='+',
        metavar='FOLDER',
        help='folder of a finished feature bank, in place of CONFIG: no detector and no GPU are needed then',
    )
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='the coreset file (default: coreset.json in the work dir, or a name with method and number of images '
        'if that holds another coreset)',
    )
    add_selection_arguments(parser)
    add_extraction_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Select as the command line says; return 1 if some image could not be read, else 0."""
    # Nobody should find out after extracting that an option is unfit, or that a method needs what was not kept.
    selection = selection_options(args)[-1]
    if args.bank is None:
        vars(args).update(selection.extraction(args.predictions))
    if args.out is not None:
        refuse_unfit_file(args.out)
        refuse_unfit_name(args.out)
    if args.dry_run and args.config is not None and args.bank is None:
        if rank(args.launcher) == 0:
            print(describe_extraction(args))
        return 0
    with joined(args.launcher) as world:
        bank, folder = _open_bank(args)
        select_from_args(bank, args, folder, world)
    return int(bool(bank.provenance.get('unreadable_images')))


def _open_bank(args: argparse.Namespace) -> tuple[FeatureBank, Path]:
    """Return the bank, extracted where a config is given, and the folder for the coreset."""
    if (args.config is None) == (args.bank is None):
        raise UserError(
            'Give either CONFIG, with CHECKPOINT where there is one, or --bank with a finished feature bank.'
        )
    if args.bank is not None:
        if len(args.bank) > 1:
            raise UserError(
                f'{len(args.bank)} feature banks were given; selecting with several at once was removed, so give one.'
            )
        return FeatureBank.load(args.bank[0]), Path(args.work_dir or Path(args.bank[0]).parent)
    return extract_from_args(args), work_dir(args)
