"""What the tests of the kernels share: all of them, hard rows, and the picks of one class."""

import importlib.util

import numpy as np

from mmcsod.selection.kernels import kernel_factory
from mmcsod.selection.kernels.numpy_kernel import NumpyKernel
from mmcsod.selection.kernels.pruned_kernel import PrunedKernel
from mmcsod.selection.objective import ClassObjective
from mmcsod.selection.unit_rows import UnitRows
from tests.test_selection.banks import make_vectors

FACTORIES = {'numpy': lambda: NumpyKernel, 'pruned': lambda: PrunedKernel}
for _name in ('torch', 'faiss'):
    if importlib.util.find_spec(_name):
        FACTORIES[_name] = lambda name=_name: kernel_factory(name)


def pick_all(vectors, lam, factory, number):
    eligible = np.ones(len(vectors), bool)
    eligible[3::17] = False
    objective = ClassObjective(UnitRows(vectors, eligible), eligible, factory, lam)
    picks = []
    for _ in range(number):
        picks.append(objective.best())
        objective.select(picks[-1].row, objective.unit(picks[-1].row))
    return picks


def near_ties(rng, rows, dimensions, dtype):
    """Rows that differ in the last bits of their type, so that low precision cannot rank them."""
    base = np.abs(rng.normal(size=dimensions)).astype(dtype)
    neighbours = np.stack([np.nextafter(base, dtype(0)), base, np.nextafter(base, dtype(np.inf))])
    return neighbours[rng.integers(0, 3, (rows, dimensions)), np.arange(dimensions)]


def exact_ties(rng, rows, dimensions, dtype):
    return make_vectors(rng, 'integers', 30, dimensions)[rng.integers(0, 30, rows)].astype(dtype)


def clustered(rng, rows, dimensions, dtype):
    centre = np.abs(rng.normal(size=dimensions))
    factors = rng.normal(size=(8, dimensions)) * 0.4
    return np.maximum(0, centre + rng.normal(size=(rows, 8)) @ factors).astype(dtype)
