"""``mmcsod check``."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmcsod.commands.arguments import add_cfg_options, add_labels_arguments
from mmcsod.labels.check.findings import Finding
from mmcsod.labels.config import CONFIG, config_of, is_labels, refuse_no_folder, write_config
from mmcsod.util.errors import UserError

if TYPE_CHECKING:
    from mmengine.config import Config

DESCRIPTION = """Check labels, or those that a config reads, before a model sees them.

Exit status: 0 if nothing stops a training, 1 if something does, 2 if the check could not run. Nothing is written;
the other commands use a corrected copy where the table says 'filled'."""
EXAMPLES = """examples:
  mmcsod check data/chess/annotations/train.json --val data/chess/annotations/valid.json
  mmcsod check configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_chess.py
  mmcsod check data/chess/annotations/train.json --val data/chess/annotations/valid.json --pixels
  mmcsod check CONFIG --json > findings.json"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is checked and how it is shown."""
    parser.add_argument(
        'config',
        metavar='LABELS|CONFIG',
        help='COCO JSON, a YOLO data.yaml, or a VOC or YOLO folder; or a config: a path, or mmdet::FOLDER/NAME.py',
    )
    add_labels_arguments(parser)
    parser.add_argument(
        '--pixels',
        action='store_true',
        help='also decode all images: count those that cannot be read, and those of a set that have a near-duplicate '
        'in another set',
    )
    parser.add_argument('--json', action='store_true', help='print the findings as JSON')
    parser.add_argument(
        '--allow-missing-classes',
        action='store_true',
        help='accept annotations that lack a class of metainfo.classes',
    )
    add_cfg_options(parser)


def main(args: argparse.Namespace) -> int:
    """Check as the command line says; return 1 if something stops a training, else 0."""
    # MMDetection takes seconds to import; nothing before this line needs it.
    from mmcsod.datasets.check import check_config, check_settings
    from mmcsod.util.config import load_config, parse_cfg_options

    with tempfile.TemporaryDirectory() as folder:
        findings = _unreadable_labels(args, folder)
        if not findings:
            name = f'{folder}/{CONFIG}' if is_labels(args.config) else args.config
            config = load_config(name, parse_cfg_options(args.cfg_options))
            checked = check_config(config)
            findings = [(', '.join(file.sets), one) for file in checked for one in file.findings]
            findings += [('', one) for one in check_settings(config, checked, args.allow_missing_classes)]
            if args.pixels:
                findings += _compare_pixels(config, folder, findings)
            findings = [(sets, _of_labels(one, folder, args)) for sets, one in findings]
    print(json.dumps([_as_json(*one) for one in findings], indent=1) if args.json else _table(findings))
    return int(_has_error(findings))


def _unreadable_labels(args: argparse.Namespace, folder: str) -> list[tuple[str, Finding]]:
    """Write a config for labels, and return why they cannot be read; of a config, nothing."""
    if not is_labels(args.config):
        config_of(args.config, None, args.images, args.val, args.test)  # which refuses labels beside a config
        return []
    refuse_no_folder(args.images)
    try:
        write_config(args.config, folder, args.images, args.val, args.test)
    except UserError as error:
        return [('', Finding('unreadable labels', args.config, 1, (str(error),)))]
    return []


def _of_labels(one: Finding, folder: str, args: argparse.Namespace) -> Finding:
    """Return a finding about a file that labels became, which does not stay, as one about the labels."""
    path = Path(one.file)
    if path.parent != Path(folder):
        return one
    return replace(one, file=str(getattr(args, path.stem, None) or args.config))


def _compare_pixels(
    config: Config, folder: str, findings: Sequence[tuple[str, Finding]]
) -> Sequence[tuple[str, Finding]]:
    from mmcsod.datasets.check import use_checked_labels
    from mmcsod.report.sets import compare_sets

    if _has_error(findings):
        print('Pixels are not compared while there are errors.', file=sys.stderr)
        return []
    use_checked_labels(config, Path(folder) / 'labels')
    return compare_sets(config)


def _has_error(findings: Sequence[tuple[str, Finding]]) -> bool:
    return any(one.severity == 'error' for _, one in findings)


def _as_json(sets: str, finding: Finding) -> dict[str, Any]:
    names = ('kind', 'severity', 'file', 'count', 'examples', 'remedy')
    return {'sets': sets, **{name: getattr(finding, name) for name in names}}


def _table(findings: Sequence[tuple[str, Finding]]) -> str:
    from tabulate import tabulate

    rows = [
        (one.severity, f'{sets}: {one.file}' if sets else one.file, one.what, '\n'.join(one.examples), one.remedy)
        for sets, one in findings
    ]
    if not rows:
        return 'Nothing found.'
    return tabulate(rows, headers=('', 'file', 'found', 'first', 'what to do'), maxcolwidths=[None, 24, 32, 44, 32])
