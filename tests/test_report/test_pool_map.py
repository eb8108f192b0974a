import numpy as np

from mmcsod import FeatureBank
from mmcsod.report.pool_map import map_pool


def test_the_axes_are_the_two_of_largest_variance():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 30)) * (0.7 ** np.arange(30)) + 3
    bank = FeatureBank.from_arrays(vectors, list(map(str, range(200))), [0] * 200, ['x'])
    points, shares = map_pool(bank)
    units = bank.vectors / np.linalg.norm(bank.vectors, axis=1, keepdims=True)
    left, sizes, _ = np.linalg.svd(units - units.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(points), np.abs(left[:, :2] * sizes[:2]), atol=1e-3)
    np.testing.assert_allclose(shares, sizes[:2] ** 2 / (sizes**2).sum(), rtol=1e-3)
    assert (points[np.abs(points).argmax(axis=0), [0, 1]] > 0).all()


def test_an_image_is_the_mean_of_its_rows_and_one_without_has_no_point():
    bank = FeatureBank.from_arrays([[1.0, 0], [0, 1], [1, 1]], ['a', 'a', 'b'], [0, 1, 0], ['x', 'y'])
    bank = FeatureBank(bank.vectors, bank.rows, ('a', 'b', 'c'), bank.classes)
    points, _ = map_pool(bank)
    assert np.isnan(points[2]).all()
    distance = np.linalg.norm(points[0] - points[1])
    np.testing.assert_allclose(distance, np.linalg.norm(np.array([0.5, 0.5]) - np.array([1, 1]) / 2**0.5), rtol=1e-5)


def test_one_image_and_one_dimension_do():
    bank = FeatureBank.from_arrays([[2.0]], ['a'], [0], ['x'])
    assert map_pool(bank)[0].tolist() == [[0, 0]]
