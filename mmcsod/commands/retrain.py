"""``mmcsod retrain``."""

import argparse
import os
from dataclasses import fields

from mmcsod.commands.arguments import add_cfg_options, add_fields
from mmcsod.training.options import RetrainOptions
from mmcsod.util.errors import UserError
from mmcsod.util.launcher import LAUNCHERS

DESCRIPTION = 'Train a stock MMDetection config on a coreset.'
EXAMPLES = """examples in a checkout; those of `mmcsod select --help` make the coreset of the last two:
  mmcsod retrain configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py --full --iters 200 \\
      --work-dir work_dirs/chess
  mmcsod retrain configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py work_dirs/chess/coreset.json \\
      --iters 120 --seed 0
  mmcsod retrain mmdet::retinanet/retinanet_r50_fpn_1x_coco.py work_dirs/chess/coreset.json --iters 1000 \\
      --data configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of training."""
    parser.add_argument('config', help='a config: a path, or a stock name such as mmdet::FOLDER/NAME.py')
    parser.add_argument('coreset', nargs='?', help='a coreset file, as mmcsod select writes it')
    parser.add_argument('--full', action='store_true', help='train on the full training set')
    parser.add_argument('--dry-run', action='store_true', help='print the changes and the plan, and stop')
    add_fields(
        parser,
        RetrainOptions,
        data={'metavar': 'CONFIG'},
        resume={'nargs': '?', 'const': 'auto'},
        launcher={'choices': LAUNCHERS},
        work_dir={'metavar': 'DIR'},
        cfg_options=None,
    )
    add_cfg_options(parser)
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def main(args: argparse.Namespace) -> None:
    """Train as the command line says."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    if (args.coreset is None) == (not args.full):
        raise UserError('Give either a coreset file or --full.')
    from mmcsod.training.retrain import retrain
    from mmcsod.util.config import parse_cfg_options

    args.cfg_options = parse_cfg_options(args.cfg_options)
    options = {field.name: getattr(args, field.name) for field in fields(RetrainOptions)}
    retrain(args.config, args.coreset, args.dry_run, **options)
