import dataclasses

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from tests.test_selection.test_methods.brute_force import make_bank


def test_an_image_selected_at_another_turn_counts_in_every_class_it_shows():
    # The cats' mean is 1, so their turn takes 000 (1 is as far, but later). It is a dog too: of the dogs, mean 4,
    # two images average nearest to it with 003 (0 and 7: 3.5), and one alone would with 002 (5).
    bank = make_bank([[1, 1], [1, 0], [0, 1], [0, 1]], [[0], [2], [5], [7]])
    coreset = select_coreset(bank, num_images=2, method='herding')
    assert coreset.image_ids == ['000', '003']


@pytest.mark.parametrize('method', ['herding', 'k-center', 'facility-location', 'graph-cut'])
def test_refuses_a_bank_without_image_vectors(method):
    bank = FeatureBank.from_arrays(np.ones((3, 2), np.float32), ['a', 'b', 'c'], [0, 0, 0], ['cat'])
    with pytest.raises(UserError, match='no vectors of whole images'):
        select_coreset(bank, num_images=2, method=method)
    broken = dataclasses.replace(bank, image_vectors=np.array([[1.0], [np.nan], [2.0]]))
    with pytest.raises(UserError, match='The image vector of b'):
        select_coreset(broken, num_images=2, method=method)
