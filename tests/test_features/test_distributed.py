"""What only the first process does reaches the others, failures included."""

import pytest

from mmcsod.features import distributed
from mmcsod.util.errors import UserError
from tests.test_util.test_distributed import finish, start

LOSE_THE_SECOND = """
import os, signal
from mmcsod.util.console import run
from mmcsod.features.distributed import init_launcher, wait_for_all

def main():
    init_launcher('pytorch', {})
    if os.environ['RANK'] == '1':
        os.kill(os.getpid(), signal.SIGKILL)
    wait_for_all()

run(main)
"""


@pytest.mark.parametrize(
    ('raised', 'told'),
    [
        (UserError('The disk is full.'), r'^The disk is full\.$'),
        (KeyError('x'), "^The first process failed with KeyError: 'x'"),
    ],
)
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


def test_a_process_that_ends_ends_the_others_with_one_sentence():
    (_, first, code), _ = finish(start(2, ['-c', LOSE_THE_SECOND]))
    assert code == 2
    lines = [line for line in first.splitlines() if line.startswith('error: ')]
    assert len(lines) == 1
    assert lines[0].startswith('error: Another process of this run has ended')
    assert 'Traceback' not in first
