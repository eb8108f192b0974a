import pytest
from mmdet.registry import HOOKS

import mmcsod
from mmcsod.util.errors import UserError

mmcsod.register_all_modules()


def test_a_removed_hook_names_its_replacement():
    with pytest.raises(UserError, match=r"StopOnNaNHook was removed; write dict\(type='CheckInvalidLossHook'"):
        HOOKS.build({'type': 'StopOnNaNHook'})
