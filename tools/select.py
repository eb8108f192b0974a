"""Select a coreset: extract features with a detector, or take a finished feature bank, and pick images."""

from __future__ import annotations

import sys

if __name__ == 'select':
    # A script's folder comes first on the module path, so Python's own `select` would be this file, for every
    # script in this folder. Hand out the real one.
    import importlib.machinery
    import importlib.util
    import os

    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 (pathlib is not loaded yet)
    spec = importlib.machinery.PathFinder.find_spec(
        'select', [path for path in sys.path if os.path.abspath(path) != here])  # noqa: PTH100
    sys.modules['select'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules['select'])
else:
    import argparse
    import os
    from pathlib import Path

    from mmcsod import FeatureBank
    from mmcsod.cli import run
    from mmcsod.errors import UserError
    from mmcsod.features.cli import add_extraction_arguments, extract_from_args, work_dir
    from mmcsod.selection.cli import add_selection_arguments, check_selection_arguments, select_from_args
    from mmcsod.selection.methods import get_method

    EXAMPLES = """examples:
  python tools/select.py CONFIG CHECKPOINT --num-images 200
  python tools/select.py --bank work_dirs/voc/features --num-images 100 200 500
  python tools/select.py --bank work_dirs/voc/features --ratio 0.05 --include labelled.txt --lam 0.05
"""

    def parse_args() -> argparse.Namespace:
        """Read the command line."""
        parser = argparse.ArgumentParser(
            description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument('--bank', help='folder of a finished feature bank; needs no detector and no GPU')
        parser.add_argument('--out', help="the coreset file (default: coreset.json in the bank's parent folder)")
        add_selection_arguments(parser)
        add_extraction_arguments(parser)
        return parser.parse_args()

    def main() -> int:
        """Select as the command line says; return 1 if some image could not be read, else 0."""
        args = parse_args()
        check_selection_arguments(args)
        # Nobody should find out after extracting that a method needs what was not kept.
        args.keep_objects |= get_method(args.method).needs_object_vectors
        bank, folder = open_bank(args)
        if os.environ.get('RANK', '0') != '0':
            return 0
        select_from_args(bank, args, args.out or folder / 'coreset.json')
        return int(bool(bank.provenance.get('unreadable_images')))

    def open_bank(args: argparse.Namespace) -> tuple[FeatureBank, Path]:
        """Return the bank, extracted where a config is given, and the folder for the coreset."""
        if (args.config is None) == (args.bank is None):
            raise UserError('Give either CONFIG and CHECKPOINT, or --bank with a finished feature bank.')
        if args.bank is not None:
            return FeatureBank.load(args.bank), Path(args.bank).resolve().parent
        return extract_from_args(args), work_dir(args)

    if __name__ == '__main__':
        run(main)
