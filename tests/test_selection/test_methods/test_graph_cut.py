import dataclasses

import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from tests.test_selection.naive_rules import cosine
from tests.test_selection.test_methods.brute_force import assert_equals_brute_force


def graph_cut_value(lam):
    def value(members, chosen):
        between = sum(cosine(member, other) for member in members for other in chosen)
        return lam * between - sum(cosine(one, other) for one in chosen for other in chosen)

    return value


@pytest.mark.parametrize('lam', [0.02, 0.2, 1.0, 1e10])
def test_graph_cut_is_eq_4_with_another_lam(lam):
    vectors = np.random.default_rng(2).random((60, 8)).astype(np.float32)
    names = [f'{i:02}' for i in range(60)]
    bank = FeatureBank.from_arrays(vectors, names, np.zeros(60, int), ['cat'])
    bank = dataclasses.replace(bank, image_vectors=vectors)
    csod = select_coreset(bank, num_images=20, lam=lam)
    cut = select_coreset(bank, num_images=20, method='graph-cut', lam=2 * lam / (1 + lam))
    assert cut.image_ids == csod.image_ids


@pytest.mark.parametrize('seed', range(4))
@pytest.mark.parametrize('lam', [0.3, 2.0])
def test_graph_cut_equals_brute_force(lam, seed):
    assert_equals_brute_force('graph-cut', graph_cut_value(lam), seed, lam=lam)
