"""What the test settings promise."""

import pytest

OWN_WARNING = "import warnings; warnings.warn('too small')"


def test_a_warning_of_the_package_is_an_error():
    with pytest.raises(UserWarning, match='too small'):
        exec(OWN_WARNING, {'__name__': 'mmcsod.selection.somewhere'})
