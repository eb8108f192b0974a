import numpy as np
import pytest

from mmcsod import FeatureBank
from mmcsod.report import similarity as module
from mmcsod.report.similarity import similarity
from tests.test_selection.reference import cosine

HALF = np.sqrt(0.5)


def test_by_hand(bank):
    # Cat rows: a (1.5, 0), b (0, 3), c (1, 1); dog row: c. With a and c, b is nearest to c: cosine 0.707.
    found = similarity(bank, np.array([True, False, True]))
    assert found.coverage == pytest.approx(((1 + HALF + 1) / 3 + 1) / 2)
    assert found.redundancy == pytest.approx(HALF)
    assert found.missing == 0


def test_a_class_without_a_selected_image_counts_as_zero(bank):
    found = similarity(bank, np.array([True, False, False]))
    assert found.coverage == pytest.approx((1 + 0 + HALF) / 3 / 2)
    assert np.isnan(found.redundancy)
    assert found.missing == 1


def test_a_selected_vector_of_zeros_covers_nothing_and_is_not_missing():
    bank = FeatureBank.from_arrays(np.zeros((2, 3), np.float32), ['a', 'b'], [0, 0], ['cat'])
    found = similarity(bank, np.array([True, False]))
    assert (found.coverage, found.missing) == (0, 0)


@pytest.mark.parametrize('block', [1, 7, 4096])
def test_equals_double_loops_at_any_block_size(monkeypatch, block):
    monkeypatch.setattr(module, 'BLOCK', block)
    rng = np.random.default_rng(0)
    vectors = rng.normal(0.2, 1, (40, 5)).astype(np.float32)
    vectors[3] = 0
    images, labels = np.divmod(np.arange(40), 2)
    bank = FeatureBank.from_arrays(vectors, images.astype(str), labels, ['cat', 'dog'])
    chosen = rng.random(20) < 0.4
    coverages, redundancies = [], []
    for label in (0, 1):
        rows = [i for i in range(40) if labels[i] == label]
        selected = [i for i in rows if chosen[images[i]]]
        coverages.append(np.mean([max(cosine(vectors[i], vectors[j]) for j in selected) for i in rows]))
        redundancies.append(
            np.mean([max(cosine(vectors[i], vectors[j]) for j in selected if j != i) for i in selected])
        )
    found = similarity(bank, chosen)
    assert found.coverage == pytest.approx(np.mean(coverages), abs=1e-6)
    assert found.redundancy == pytest.approx(np.mean(redundancies), abs=1e-6)
