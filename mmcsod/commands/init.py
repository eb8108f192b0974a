"""``mmcsod init``."""

import argparse

from mmcsod.commands.arguments import add_labels_arguments

DESCRIPTION = 'Write a plain MMDetection config for COCO, YOLO or VOC labels, and stop.'
EXAMPLES = """example, in a checkout:
  mmcsod init data/chess/annotations/train.json --val data/chess/annotations/valid.json --work-dir work_dirs/init"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the labels."""
    parser.add_argument('labels', metavar='LABELS', help='COCO JSON, a YOLO data.yaml, or a VOC or YOLO folder')
    add_labels_arguments(parser)
    parser.add_argument('--work-dir', metavar='DIR', help='folder of the config (default: work_dirs/DATASET)')
    parser.add_argument('--overwrite', action='store_true', help='replace a config that was edited')


def main(args: argparse.Namespace) -> None:
    """Write the config and say where it is."""
    from mmcsod.labels.config import write_config

    print(write_config(args.labels, args.work_dir, args.images, args.val, args.test, args.overwrite))
