import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from mmcsod.selection.kernels.pruned_kernel import Front, PrunedKernel, ScoreBounds
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


def test_the_front_holds_its_rows_at_unit_length():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    scale = (1 / np.linalg.norm(vectors, axis=1)).astype(np.float32)
    front, query, expected = Front(vectors, scale), rng.normal(size=8).astype(np.float32), []
    for rows in (np.arange(5, 25), np.array([3, 199]), np.arange(40, 160)):
        front.add(rows)
        expected += rows.tolist()
        for row in (int(rows[0]), int(rows[-1]), 1):
            front.remove(row)
            expected = [other for other in expected if other != row]
    assert sorted(front.rows) == sorted(expected)
    np.testing.assert_allclose(front.products(query), (vectors @ query * scale)[front.rows], rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(front.products(query, since=30), front.products(query)[30:])
    front.clear()
    assert len(front.rows) == len(front.products(query)) == 0


def test_pruning_reads_a_fraction_of_clustered_rows():
    vectors = clustered(np.random.default_rng(0), 4000, 128, np.float32)
    kernels = []

    def factory(*arguments):
        kernels.append(PrunedKernel(*arguments))
        return kernels[-1]

    pick_all(vectors, 0.05, factory, 100)
    assert kernels[0].rows_read < 0.3 * 100 * len(vectors)
