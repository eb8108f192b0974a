"""What only the first process does reaches the others, failures included."""

import pytest

from mmcsod.errors import UserError
from mmcsod.features import distributed


@pytest.mark.parametrize(('raised', 'told'), [
    (UserError('The disk is full.'), r'^The disk is full\.$'),
    (KeyError('x'), "^The first process failed with KeyError: 'x'")])
def test_the_others_are_told_of_any_failure(raised, told, monkeypatch):
    sent = []

    def fail():
        raise raised

    monkeypatch.setattr(distributed, 'broadcast_object_list', lambda outcome, src: sent.extend(outcome))
    with pytest.raises(type(raised)):
        distributed.on_first_process(fail)
    monkeypatch.setattr(distributed, 'broadcast_object_list', lambda outcome, src: outcome.__setitem__(slice(2), sent))
    monkeypatch.setattr(distributed, 'get_dist_info', lambda: (1, 2))
    with pytest.raises(UserError, match=told):
        distributed.on_first_process(fail)
