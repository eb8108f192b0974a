import numpy as np
import pytest

from tests.test_selection.banks import presence_bank


@pytest.fixture
def bank():
    presence = np.zeros((60, 3), bool)
    presence[:40, 0] = presence[30:55, 1] = presence[50:, 2] = True
    return presence_bank(presence)
