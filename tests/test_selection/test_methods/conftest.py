import numpy as np
import pytest

from tests.test_selection.test_methods.drawn import make_bank


@pytest.fixture
def bank():
    presence = np.zeros((60, 3), bool)
    presence[:40, 0] = True
    presence[30:55, 1] = True
    presence[50:, 2] = True
    return make_bank(presence)
