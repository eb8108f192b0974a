"""``mmcsod report``."""

import argparse
import time
from collections.abc import Mapping
from pathlib import Path

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.leak import Leaks, kept_leaks
from mmcsod.report.selected import coresets_mark, load_coresets
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


def report(
    path: Path,
    bank: FeatureBank,
    coresets: Mapping[str, Coreset],
    files: Mapping[str, Path],
    leaks: Leaks | None,
    data_root: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a report and print where it is, and whether it has pictures.

    ``leaks`` are what validation images share with the first coreset. Images are looked for below ``data_root``, by
    default the folder that the features were extracted from. A report of other coresets stays, unless ``overwrite``.
    """
    from mmcsod.report.images import find_root

    if path.exists() and not overwrite and coresets_mark(coresets) not in _begin_of(path):
        raise UserError(f'{path} is not a report of these coresets; name another file, or replace it with --overwrite.')
    root = find_root(bank, data_root)
    if data_root is not None and root is None:
        raise UserError(
            f'{Path(data_root) / bank.images[0]} is not there; give --data-root the folder that image ids '
            "like this bank's are below."
        )
    try:
        from mmcsod.report.page import write_report
    except ImportError as error:
        raise UserError(
            f'A report needs {error.name}, which is not installed; install it with '
            'pip install jinja2 matplotlib pillow.'
        ) from error
    write_report(path, bank, coresets, root, _times(bank, files), leaks)
    pictures = '' if root else ', without pictures: the images were not found; --data-root names their folder'
    print(f'wrote the report {path} ({path.stat().st_size / 1e6:.1f} MB){pictures}')


def report_if_possible(
    file: Path,
    bank: FeatureBank,
    coreset: Coreset,
    leaks: Leaks | None,
    wanted: bool | None,
    overwrite: bool = False,
) -> None:
    """Write the report beside the coreset ``file`` where the images are found, or as ``wanted`` (None: not said)."""
    from mmcsod.report.images import find_root

    if wanted is False or (wanted is None and find_root(bank) is None):
        return
    try:
        report(file.with_suffix('.html'), bank, {file.stem: coreset}, {file.stem: file}, leaks, overwrite=overwrite)
    except UserError as error:
        if wanted:
            raise
        print(f'There is no report: {error}')


def _begin_of(path: Path) -> str:
    with path.open('rb') as file:
        return file.read(4096).decode('utf-8', errors='replace')


def _times(bank: FeatureBank, files: Mapping[str, Path]) -> dict[str, str]:
    """Return when files were written, by name, and under '' when the bank was, if it is one on the disk."""
    own = getattr(bank.vectors, 'filename', None)  # of a memory map
    every = dict(files) if own is None else {'': Path(own), **files}
    return {name: time.strftime('%Y-%m-%d %H:%M', time.localtime(file.stat().st_mtime)) for name, file in every.items()}
