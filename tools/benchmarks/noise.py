"""How many picks survive noise on the vectors, or another selector's vectors of the same images."""

from __future__ import annotations

import argparse
import logging

import numpy as np
from tabulate import tabulate

from mmcsod import FeatureBank, select_coreset
from mmcsod.util.console import run

NOISE = (1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0)
DRAWS = 5


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog='example: python tools/benchmarks/noise.py work_dirs/chess/features_auto 12 24 48 '
        '--others work_dirs/chess_selector/features_auto',
    )
    parser.add_argument('bank', help='folder of a feature bank')
    parser.add_argument('num_images', nargs='+', type=int, help='sizes of the coresets')
    parser.add_argument('--others', nargs='+', default=[], metavar='BANK', help="banks of the same images' boxes")
    return parser.parse_args()


def main() -> None:
    """Print, for each disturbance, the images shared and how alike the similarities within classes are."""
    args = parse_args()
    logging.getLogger('mmcsod').setLevel(logging.WARNING)
    bank = FeatureBank.load(args.bank)
    generator = np.random.default_rng(0)
    others = {f'{share:g}': [disturbed(bank, share, generator) for _ in range(DRAWS)] for share in NOISE}
    others |= {path: [FeatureBank.load(path)] for path in args.others}
    rows = [
        [
            name,
            *(f'{np.mean([shared(bank, other, number) for other in banks]):.1f}' for number in args.num_images),
            f'{np.mean([correlation(bank, other) for other in banks]):.3f}',
        ]
        for name, banks in others.items()
    ]
    print(
        tabulate(
            rows,
            ['noise or bank', *(f'shared of {number}' for number in args.num_images), 'correlation'],
            tablefmt='github',
            disable_numparse=True,
        )
    )


def disturbed(bank: FeatureBank, share: float, generator: np.random.Generator) -> FeatureBank:
    """Return a copy with Gaussian noise of ``share`` times each vector's length added to it."""
    vectors = np.asarray(bank.vectors, np.float64)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True) / np.sqrt(vectors.shape[1])
    noisy = vectors + share * lengths * generator.standard_normal(vectors.shape)
    images = [bank.images[index] for index in bank.rows['image']]
    return FeatureBank.from_arrays(noisy.astype(np.float32), images, bank.labels, bank.classes)


def shared(bank: FeatureBank, other: FeatureBank, number: int) -> int:
    """Return how many images the CSOD coresets of two banks share."""
    first, second = (set(select_coreset(each, num_images=number, method='csod').image_ids) for each in (bank, other))
    return len(first & second)


def correlation(bank: FeatureBank, other: FeatureBank) -> float:
    """Return the correlation, over the pairs of rows of a class, of two banks' cosines; the mean over classes."""
    return float(
        np.mean([np.corrcoef(cosines(bank, label), cosines(other, label))[0, 1] for label in np.unique(bank.labels)])
    )


def cosines(bank: FeatureBank, label: int) -> np.ndarray:
    """Return the cosines of all pairs of a class's rows, ordered by image."""
    rows = np.flatnonzero(bank.labels == label)
    names = np.array([bank.images[index] for index in bank.rows['image'][rows]])
    vectors = np.asarray(bank.vectors[rows[np.argsort(names)]], np.float64)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (units @ units.T)[np.triu_indices(len(units), 1)]


if __name__ == '__main__':
    run(main)
