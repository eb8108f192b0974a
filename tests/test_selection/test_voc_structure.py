import numpy as np
import pytest

from mmcsod import select_coreset
from tests.test_selection.naive_rules import tie_rule
from tests.test_selection.voc import needs_voc, voc_bank

pytestmark = needs_voc


@pytest.fixture(scope='module')
def bank():
    return voc_bank(dimensions=24)


def test_the_structure_is_voc_2012(bank):
    assert len(bank.images) == 17125
    assert bank.rows['count'].sum() == 40138
    assert len(bank.classes) == 20


@pytest.mark.parametrize(('lam', 'num_images'), [('auto', 61), (1e10, 25), (1e-10, 45)])
def test_equals_the_naive_double_sums(bank, lam, num_images):
    coreset = select_coreset(bank, num_images=num_images, method='csod', lam=lam)
    expected = double_sums(bank, num_images, coreset.parameters['lam'])
    assert [(pick.image_id, pick.label) for pick in coreset.picks] == [(image, label) for image, label, *_ in expected]
    sizes = np.bincount(bank.labels)
    for pick, (_, label, first, second) in zip(coreset.picks, expected, strict=True):
        assert pick.pool_similarity == pytest.approx(first, abs=1e-9 * sizes[label])
        assert pick.selected_similarity == pytest.approx(second, abs=1e-9 * sizes[label])


def double_sums(bank, num_images, lam):
    """Algorithm 1 with every cosine of every pair computed at every turn, in float64."""
    units = bank.vectors.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    taken = np.zeros(len(bank.images), bool)
    picks = []
    while True:
        for label in range(len(bank.classes)):
            rows = np.flatnonzero(bank.labels == label)
            chosen = taken[bank.rows['image'][rows]]
            pool, selected = rows[~chosen], rows[chosen]
            if not len(pool):
                continue
            first = cosine_sums(units[pool], units[pool])
            second = cosine_sums(units[pool], units[selected])
            best = tie_rule(range(len(pool)), first, second, lam, len(selected))
            taken[bank.rows['image'][pool[best]]] = True
            picks.append((bank.image_ids[pool[best]], label, first[best], second[best]))
            if len(picks) == num_images:
                return picks


def cosine_sums(units, others):
    parts = [(units[begin : begin + 512] @ others.T).sum(axis=1) for begin in range(0, len(units), 512)]
    return np.concatenate(parts)


@pytest.mark.parametrize('kernel', ['pruned', 'torch', 'faiss'])
def test_kernels_agree_at_real_size(bank, kernel):
    pytest.importorskip({'pruned': 'numpy'}.get(kernel, kernel))
    expected = select_coreset(bank, num_images=300, method='csod', kernel='numpy')
    assert select_coreset(bank, num_images=300, method='csod', kernel=kernel).picks == expected.picks


@pytest.mark.campaign
def test_the_whole_pool_can_be_ordered(bank):
    coreset = select_coreset(bank, num_images=17125, method='csod')
    assert sorted(coreset.image_ids) == sorted(bank.images)
