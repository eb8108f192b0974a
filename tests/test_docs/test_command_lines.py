"""Every command line in the documentation is one that the commands take."""

import argparse
import importlib
import re
import shlex

import pytest

from mmcsod.commands import COMMANDS
from tests.test_docs.pages import PAGES, blocks

COMMAND = re.compile(rf'\s*(?:\$ )?(?:(?:python|torchrun) .*-m )?mmcsod ((?:{"|".join(COMMANDS)}) .*)')


def command_lines(page):
    """What follows `mmcsod` in each shell block, variables replaced by a number, which fits everywhere."""
    for block in blocks(page, 'shell', 'bash', 'console', ''):
        for line in re.sub(r'\\\n\s*', '', block).splitlines():
            if found := COMMAND.match(line):
                yield re.sub(r'\$\{?\w+\}?', '1', found[1])


LINES = sorted({(page, line) for page in PAGES for line in command_lines(page)})


def test_there_are_lines_of_most_commands():
    assert {line.split()[0] for _, line in LINES} >= {'select', 'retrain', 'export', 'analyze', 'experiment'}


@pytest.mark.parametrize(('page', 'line'), LINES)
def test_the_command_takes_it(page, line):
    command, *words = shlex.split(line, comments=True)
    parser = argparse.ArgumentParser(exit_on_error=False)
    importlib.import_module(f'mmcsod.commands.{command}').add_arguments(parser)
    try:
        assert parser.parse_known_args(words)[1] == []
    except SystemExit:
        pytest.fail(f'{page}: argparse refuses it')
