"""``mmcsod suspicious``."""

from __future__ import annotations

import argparse
import csv
import io
import os
from pathlib import Path

import numpy as np

from mmcsod.commands.cfg_options import add_cfg_options
from mmcsod.fileio import write_text

DESCRIPTION = 'List labels that are likely to be wrong: what a detector says of the ground-truth boxes it trained on.'
EXAMPLES = """example, after the first of `mmcsod retrain --help`, which trains the detector:
  mmcsod suspicious configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py work_dirs/chess/iter_200.pth"""

COLUMNS = ('image', 'class', 'x1', 'y1', 'x2', 'y2', 'suspicion', 'own', 'other', 'other_class', 'iou', 'reason')


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument('config', help="the detector's config; its training set is judged")
    parser.add_argument('checkpoint', help='its weights, trained on the same classes')
    parser.add_argument('--top', type=int, default=20, metavar='N', help='labels to print (default: 20)')
    parser.add_argument('--out', metavar='CSV', help='write all labels to this file, the most suspicious first')
    parser.add_argument(
        '--num-workers',
        type=int,
        default=min(4, os.cpu_count() or 1),
        metavar='N',
        help='processes that load images (default %(default)s)',
    )
    parser.add_argument('--device', help='for example cuda:1 or cpu (default: the first CUDA device, or the CPU)')
    add_cfg_options(parser)


def main(args: argparse.Namespace) -> None:
    """Judge and list as the command line says."""
    # MMDetection takes seconds to import; nothing before this line needs it.
    from mmcsod.config import load_config, parse_cfg_options
    from mmcsod.features.dataset import ExtractionDataset
    from mmcsod.features.detector import build_detector
    from mmcsod.features.predictions import predict_objects

    cfg = load_config(args.config, parse_cfg_options(args.cfg_options))
    detector = build_detector(cfg, args.checkpoint, args.device)
    pool = ExtractionDataset(cfg)
    lines = _lines(predict_objects(detector, pool, args.num_workers), pool.objects, pool.images, pool.classes)
    for line in lines[: args.top]:
        print(f'{line[6]:+.3f}  {line[0]}  box {", ".join(f"{side:.0f}" for side in line[2:6])}: {line[-1]}')
    if args.out:
        text = io.StringIO()
        csv.writer(text).writerows([COLUMNS, *lines])
        write_text(Path(args.out), text.getvalue())
        print(f'wrote all {len(lines)} labels to {args.out}')


def _lines(
    predictions: np.ndarray, objects: np.ndarray, images: tuple[str, ...], classes: tuple[str, ...]
) -> list[tuple]:
    from mmcsod.analysis.suspicious import reason, suspicion

    scores = suspicion(predictions)
    return [
        (
            images[objects['image'][i]],
            classes[objects['label'][i]],
            *objects['box'][i].tolist(),
            float(scores[i]),
            *(float(predictions[name][i]) for name in ('own', 'other')),
            classes[predictions['other_label'][i]] if predictions['other_label'][i] >= 0 else '',
            float(predictions['iou'][i]),
            reason(predictions[i], classes[objects['label'][i]], classes),
        )
        for i in np.argsort(-scores, kind='stable').tolist()
        if np.isfinite(predictions['own'][i])
    ]
