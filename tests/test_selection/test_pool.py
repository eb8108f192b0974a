import numpy as np
import pytest

from mmcsod import FeatureBank, UserError
from mmcsod.selection.pool import Pool


@pytest.fixture
def bank():
    vectors = np.arange(12, dtype=np.float32).reshape(6, 2) + 1
    return FeatureBank.from_arrays(vectors, ['a', 'b', 'c', 'a', 'c', 'c'], [0, 0, 0, 1, 1, 1], ['x', 'y', 'z'])


def test_class_major_rows_are_used_in_place_memory_mapped_or_not(bank, tmp_path):
    bank.save(tmp_path / 'features')
    loaded = FeatureBank.load(tmp_path / 'features')
    assert isinstance(loaded.vectors, np.memmap)
    assert np.shares_memory(Pool(loaded, [0, 1, 2]).vectors(slice(0, 3)), loaded.vectors)
    pool = Pool(bank, [0, 1, 2])
    assert pool.shares_bank
    assert np.shares_memory(pool.vectors(slice(0, 6)), bank.vectors)
    assert pool.rows_of_class(1) == slice(3, 6)
    assert pool.rows_of_class(2) == slice(6, 6)


@pytest.mark.parametrize('value', [np.nan, np.inf, -np.inf])
def test_the_first_image_with_a_bad_vector_is_named(bank, value):
    bank.vectors[4:, 1] = value
    bank.vectors[5, 0] = value
    with pytest.raises(UserError, match=r"The vector of image 'c', class 'y', holds NaN or infinity; .*exclude"):
        Pool(bank, [0, 1, 2]).units()


def test_bad_vectors_of_excluded_images_do_no_harm(bank):
    bank.vectors[3] = [np.nan, np.inf]
    units = Pool(bank, [0, 1], excluded={0}).units()[1]
    expected = bank.vectors[4:].astype(float)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert units.total == pytest.approx(expected.sum(axis=0), abs=1e-14)
