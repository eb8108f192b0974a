import numpy as np
import pytest

from mmcsod import select_coreset
from mmcsod.selection.methods import facility_location
from tests.test_selection.naive_rules import cosine
from tests.test_selection.test_methods.brute_force import assert_equals_brute_force, make_bank


def facility_location_value(members, chosen):
    return sum(max(cosine(member, other) for other in chosen) for member in members)


def test_lazy_facility_location_equals_computing_every_gain(monkeypatch):
    rng = np.random.default_rng(5)
    centres = rng.random((12, 16))
    vectors = np.concatenate([centre + 0.05 * rng.random((60, 16)) for centre in centres])
    vectors[100] = vectors[7]
    vectors[200] = 0
    bank = make_bank(np.ones((len(vectors), 1), bool), vectors)
    monkeypatch.setattr(facility_location, 'BLOCK', 1)
    lazy = select_coreset(bank, num_images=40, method='facility-location').image_ids
    monkeypatch.setattr(facility_location, 'BLOCK', len(vectors))
    assert lazy == select_coreset(bank, num_images=40, method='facility-location').image_ids


@pytest.mark.parametrize('seed', range(4))
def test_facility_location_equals_brute_force(seed):
    assert_equals_brute_force('facility-location', facility_location_value, seed)
