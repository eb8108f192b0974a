"""The part of ``mmcsod select`` that is Stage 1: its options, and a bank as they say."""

import argparse
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from mmcsod.commands.arguments import add_cfg_options, add_fields, add_labels_arguments
from mmcsod.features.options import AMP_TYPES, ExtractionOptions, default_work_dir
from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError
from mmcsod.util.launcher import LAUNCHERS
from mmcsod.util.memory import available_memory
from mmcsod.util.text import size_text


def add_extraction_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say what features are extracted from, and how."""
    parser.add_argument(
        'config',
        nargs='?',
        metavar='LABELS|CONFIG',
        help='labels: COCO JSON, a YOLO data.yaml, or a folder with Annotations (VOC) or labels (YOLO), of which '
        "a config is written into the work dir; or the detector's config: a path, or mmdet::FOLDER/NAME.py",
    )
    parser.add_argument(
        'checkpoint',
        nargs='?',
        help="the detector's weights, trained on these classes or others (default: none; the backbone alone is "
        "read, with the weights that its init_cfg names, ImageNet's as a rule)",
    )
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help='folder of the bank and the coresets (default: work_dirs/CONFIG_NAME or work_dirs/DATASET, that of a '
        'config that labels became, or with --bank the folder that the bank is in)',
    )
    add_labels_arguments(parser)
    group = parser.add_argument_group('extraction')
    group.add_argument(
        '--backbone',
        metavar='NAME',
        help='read a model of timm or torchvision, such as timm:resnet18, in place of the detector; '
        'CHECKPOINT is then its weights (default: those of its package)',
    )
    group.add_argument(
        '--pipeline', metavar='FILE', help='config file whose list `pipeline` takes the place of the derived one'
    )
    add_fields(
        group,
        ExtractionOptions,
        num_workers={
            'default': min(4, os.cpu_count() or 1),
            'help': 'processes that load images (default: %(default)s)',
        },
        amp={'choices': AMP_TYPES},
        predictions={'metavar': 'FILE'},
        score_threshold={'metavar': 'SCORE'},
        pipeline=None,
        labelled=None,
        group=None,
    )
    group.add_argument(
        '--device', metavar='NAME', help='such as cuda:1 or cpu (default: the first CUDA device, or the CPU)'
    )
    group.add_argument(
        '--launcher',
        choices=LAUNCHERS,
        default='none',
        help='what started the processes, as for mmdet (default: none, one process)',
    )
    add_cfg_options(group, 'replace entries of the config, as for mmdet: train_dataloader.dataset.data_root=/data/voc/')


def work_dir(args: argparse.Namespace) -> Path:
    """Return the folder to write to."""
    return Path(args.work_dir or default_work_dir(args.config))


def extract_from_args(args: argparse.Namespace) -> FeatureBank:
    """Run Stage 1 as the arguments say and return the bank in ``WORK_DIR/features``."""
    # MMDetection takes seconds to import; nothing before this line needs it.
    from mmcsod.features.extract import extract_bank
    from mmcsod.util.config import parse_cfg_options

    return extract_bank(
        args.config,
        args.checkpoint,
        work_dir(args),
        device=args.device,
        launcher=args.launcher,
        cfg_options=parse_cfg_options(args.cfg_options),
        backbone=args.backbone,
        images=args.images,
        val=args.val,
        test=args.test,
        **_options(args),
    )


def describe_extraction(args: argparse.Namespace) -> str:
    """Return how much an extraction would read and store, without reading an image.

    Raises:
        UserError: As :func:`mmcsod.features.needs.extraction_needs` does.
    """
    from mmcsod.features.needs import extraction_needs
    from mmcsod.util.config import parse_cfg_options

    if args.backbone is not None:
        raise UserError('--dry-run does not know the dimensions of --backbone; leave one of the two out.')
    needs = extraction_needs(
        args.config,
        parse_cfg_options(args.cfg_options),
        args.checkpoint,
        ExtractionOptions(**_options(args)),
        {'images': args.images, 'val': args.val, 'test': args.test},
    )
    missing = f'; {needs.missing:,} of them are not there' if needs.missing else ''
    return (
        f'{needs.images:,} images, {needs.objects:,} objects, {needs.classes} classes{missing}\n'
        f'tap {needs.tap}\n'
        f'{needs.vectors:,} vectors of {needs.dimensions} float32; the bank takes '
        f'{size_text(needs.num_bytes)} ({size_text(available_memory())} of memory available)'
    )


def _options(args: argparse.Namespace) -> dict[str, Any]:
    names = [field.name for field in fields(ExtractionOptions)]
    options = {name: value for name, value in vars(args).items() if name in names}
    return {**options, 'pipeline': _read_pipeline(args.pipeline)} if args.pipeline else options


def _read_pipeline(path: str) -> tuple[dict[str, Any], ...]:
    from mmcsod.util.config import load_config

    pipeline = load_config(path).get('pipeline')
    if not isinstance(pipeline, list | tuple):
        raise UserError(f'{path} has no list `pipeline` of transforms; --pipeline takes a config file with one.')
    return tuple(pipeline)
