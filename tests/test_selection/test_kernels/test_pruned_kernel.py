import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod.selection.kernels.pruned_kernel import PrunedKernel, ScoreBounds
from tests.test_selection.banks import make_vectors
from tests.test_selection.test_kernels.picks import clustered, pick_all


@settings(max_examples=200, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10**6))
def test_bounds_are_never_below_the_product(seed):
    rng = np.random.default_rng(seed)
    rows = make_vectors(rng, rng.choice(['normal', 'positive', 'near ties']), 100, 12)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    query = rows.sum(axis=0)
    bounds = ScoreBounds(query, rows @ query, float(np.linalg.norm(query)), error=1e-15)
    for turn in range(30):
        query = query - rng.choice([0.3, 1.0, 5.0]) * rows[rng.integers(100)]
        assert (bounds.at(query) >= rows @ query - 1e-9).all()
        if turn % 7 == 6:
            bounds.renew(query, rows @ query, float(np.linalg.norm(query)))
    bounds.remove(3)
    assert bounds.at(query)[3] == -np.inf


def test_pruning_reads_a_fraction_of_clustered_rows():
    vectors = clustered(np.random.default_rng(0), 4000, 128, np.float32)
    kernels = []

    def factory(*arguments):
        kernels.append(PrunedKernel(*arguments))
        return kernels[-1]

    pick_all(vectors, 0.05, factory, 100)
    assert kernels[0].rows_read < 0.3 * 100 * len(vectors)
