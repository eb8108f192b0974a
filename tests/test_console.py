"""What the command lines share."""

import logging

import pytest

from mmcsod.console import run
from mmcsod.launcher import RANK, rank


@pytest.fixture
def alone(monkeypatch):
    """Leave the process without a launcher, and mmcsod's logger as it was."""
    for name in RANK.values():
        monkeypatch.delenv(name, raising=False)
    logger = logging.getLogger('mmcsod')
    before = list(logger.handlers), logger.level, logger.propagate
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.mark.parametrize('name', RANK.values())
def test_only_the_first_process_of_any_launcher_logs_its_progress(name, alone, monkeypatch, capsys):
    assert rank() == 0
    for number, shown in ((0, 'progress'), (1, '')):
        monkeypatch.setenv(name, str(number))
        with pytest.raises(SystemExit):
            run(lambda: logging.getLogger('mmcsod').info('progress'))
        assert capsys.readouterr().out.strip() == shown
        logging.getLogger('mmcsod').handlers.clear()
