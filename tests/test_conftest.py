"""What the test settings promise."""

import pytest

OWN_WARNING = "import warnings; warnings.warn('too small')"


def test_a_warning_of_the_package_is_an_error():
    with pytest.raises(UserWarning, match='too small'):
        exec(OWN_WARNING, {'__name__': 'mmcsod.selection.somewhere'})


def test_a_warning_of_another_package_is_none():
    with pytest.warns(UserWarning, match='too small'):
        exec(OWN_WARNING, {'__name__': 'torch.somewhere'})


@pytest.mark.data('what/nobody/has')
def test_data_that_is_not_there_skips():
    raise AssertionError('this test needs data that nobody has')
