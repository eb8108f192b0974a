"""``mmcsod verify``."""

import argparse
from pathlib import Path

import numpy as np

from mmcsod.records.arrays import file_checksum
from mmcsod.records.bank import AGAIN, FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError

DESCRIPTION = """Compare a whole feature bank with its checksums, or check that a coreset file is well-formed.
Coreset files may be edited and hold no checksum; --sha256 compares one with a checksum kept elsewhere."""
EXAMPLES = """examples; those of `mmcsod select --help` make bank and coreset:
  mmcsod verify work_dirs/chess/features
  sha256sum work_dirs/chess/coreset.json > SHA256SUMS
  mmcsod verify work_dirs/chess/coreset.json --sha256 SHA256SUMS"""

BLOCK = 4096


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to be verified."""
    parser.add_argument('path', metavar='BANK|CORESET', help='folder of a feature bank, or a coreset file')
    parser.add_argument('--sha256', metavar='FILE', help='a list as sha256sum writes it, that names the coreset file')


def main(args: argparse.Namespace) -> None:
    """Verify as the command line says."""
    path = Path(args.path)
    if not path.is_dir():
        print(verify_coreset(path, args.sha256))
    elif args.sha256 is None:
        print(verify_bank(path))
    else:
        raise UserError('--sha256 is for coreset files: a feature bank has its own checksums; leave it out.')


def verify_bank(directory: Path) -> str:
    """Check every file of a bank, and that no vector holds NaN or infinity; return what was found, in one line."""
    bank = FeatureBank.load(directory)
    arrays = {'vectors': bank.vectors, 'image_vectors': bank.image_vectors, 'object_vectors': bank.object_vectors}
    for name, array in arrays.items():
        if array is not None:
            bank.check(name)
            _check_finite(directory / f'{name}.npy', array)
    if bank.checksums is None or not bank.checksums.files:
        return f'{directory}: {bank!r}. It can be read; it has no checksums, being of an older version.'
    return f'{directory}: {bank!r}. All {len(bank.checksums.files)} files and meta.json are as they were written.'


def verify_coreset(path: Path, sums: str | None = None) -> str:
    """Check a coreset file, against its line in a ``sha256sum`` list if given; return what was found, in one line."""
    coreset = Coreset.load(path)
    if sums is None:
        return f'{path}: {coreset!r}. It is well-formed; --sha256 compares it with a checksum.'
    if file_checksum(path) != _listed(Path(sums), path.name):
        raise UserError(f'{path} has another checksum than {sums} lists: one of them was changed.')
    return f'{path}: {coreset!r}. It has the checksum that {sums} lists.'


def _listed(sums: Path, name: str) -> str:
    """Return the checksum that a list of ``CHECKSUM NAME`` lines has for a file, wherever it lies."""
    for line in sums.read_text(encoding='utf-8', errors='replace').splitlines():
        checksum, _, listed = line.partition(' ')
        if Path(listed.lstrip(' *')).name == name:
            return checksum.lower()
    raise UserError(f'{sums} lists no checksum of {name}; write it with sha256sum.')


def _check_finite(path: Path, vectors: np.ndarray) -> None:
    for begin in range(0, len(vectors), BLOCK):
        if not np.isfinite(vectors[begin : begin + BLOCK]).all():
            raise UserError(f'{path} holds NaN or infinity in rows {begin} to {begin + BLOCK - 1}; {AGAIN}')
