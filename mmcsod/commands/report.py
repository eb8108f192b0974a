"""``mmcsod report``."""

import argparse
from pathlib import Path

from mmcsod.commands.reporting import report
from mmcsod.records.bank import FeatureBank
from mmcsod.report.leak import kept_leaks
from mmcsod.report.selected import load_coresets
from mmcsod.util.errors import UserError

DESCRIPTION = (
    'Show a coreset in one HTML page: each selected image, why it was selected, the pool images that it is nearest to, '
    'near-duplicates and coverage.'
)
EXAMPLES = """examples; those of `mmcsod select --help` make what the first one shows:
  mmcsod report work_dirs/chess/features work_dirs/chess/coreset.json work_dirs/chess/uniform.json \\
      --out work_dirs/chess/both.html
  mmcsod report work_dirs/voc/features csod.json uniform.json --data-root /data/VOCdevkit --out voc.html"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a report."""
    parser.add_argument('bank', help='folder of the feature bank that the coresets were selected from')
    parser.add_argument(
        'coresets', nargs='+', metavar='CORESET', help='coreset files; the others are compared with the first'
    )
    parser.add_argument(
        '--data-root',
        metavar='DIR',
        help='folder below which the images lie (default: where the features were extracted from)',
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a file that is not a report of these coresets'
    )
    parser.add_argument('--out', metavar='FILE', help="the page (default: the first coreset's name with .html)")


def main(args: argparse.Namespace) -> None:
    """Write the page."""
    bank = FeatureBank.load(args.bank)
    coresets = load_coresets(args.coresets)
    out = Path(args.out) if args.out else Path(args.coresets[0]).with_suffix('.html')
    if out.suffix.lower() not in ('.html', '.htm'):
        raise UserError(f'{out} is not the name of an HTML file; give --out a name that ends in .html.')
    files = dict(zip(coresets, map(Path, args.coresets), strict=True))
    report(out, bank, coresets, files, kept_leaks(bank, coresets), args.data_root, args.overwrite)
