"""``mmcsod verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from mmcsod.records.bank import AGAIN, FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError
from mmcsod.util.files import SEAL, read_json

DESCRIPTION = 'Read a feature bank or a coreset file whole, and say whether it is what was written.'
EXAMPLES = """example; those of `mmcsod select --help` make its bank:
  mmcsod verify work_dirs/chess/features"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is to be verified."""
    parser.add_argument('path', metavar='BANK|CORESET', help='folder of a feature bank, or a coreset file')


def main(args: argparse.Namespace) -> None:
    """Verify as the command line says."""
    path = Path(args.path)
    print(verify_bank(path) if path.is_dir() else verify_coreset(path))


def verify_bank(directory: Path) -> str:
    """Check every file of a bank, and that no vector holds NaN or infinity.

    Returns:
        What was found, in one line.

    Raises:
        UserError: If something is damaged.
    """
    bank = FeatureBank.load(directory)
    arrays = {'vectors': bank.vectors, 'image_vectors': bank.image_vectors, 'object_vectors': bank.object_vectors}
    for name, array in arrays.items():
        if array is not None:
            bank.check(name)
            _check_finite(directory / f'{name}.npy', array)
    if bank.checksums is None or not bank.checksums.files:
        return f'{directory}: {bank!r}. It can be read; it has no checksums, being of an older version.'
    return f'{directory}: {bank!r}. All {len(bank.checksums.files)} files and meta.json are as they were written.'


def verify_coreset(path: Path) -> str:
    """Check a coreset file.

    Returns:
        What was found, in one line.

    Raises:
        UserError: If it is damaged.
    """
    coreset = Coreset.load(path)
    has_seal = SEAL in read_json(path, 'a coreset file')
    return f'{path}: {coreset!r}. ' + (
        'It is as it was written.'
        if has_seal
        else 'It can be read; it has no checksum, being of an older version or edited.'
    )


def _check_finite(path: Path, vectors: np.ndarray, block: int = 4096) -> None:
    for begin in range(0, len(vectors), block):
        if not np.isfinite(vectors[begin : begin + block]).all():
            raise UserError(f'{path} holds NaN or infinity in rows {begin} to {begin + block - 1}; {AGAIN}')
