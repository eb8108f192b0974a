"""The command lines that need neither a detector nor a training run as printed, each page's one after the other."""

import re
import shlex
import shutil

import pytest

from tests.test_docs.pages import PAGES, ROOT, run_on_banks
from tests.test_docs.test_command_lines import command_lines

CHEAP = re.compile(
    r'select --bank work_dirs/\w+/features (?!.*--launcher)|report work_dirs/mine/features work_dirs|'
    r'experiment configs/experiments/chess.py .*--(list|table)'
)
CHEAP_LINES = {page: [line for line in command_lines(page) if CHEAP.match(line)] for page in PAGES}
RUN = """
from mmcsod.commands import main
select_coreset(bank, num_images=20).save('work_dirs/mine/coreset.json')
for words in given:
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, words
"""


@pytest.mark.parametrize('page', [page for page, lines in CHEAP_LINES.items() if lines])
def test_they_run(page, tmp_path):
    for name in ('configs', 'data', 'results'):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / 'work_dirs' / 'chess').mkdir(parents=True)
    shutil.copy(ROOT / 'results' / 'chess.jsonl', tmp_path / 'work_dirs' / 'chess' / 'results.jsonl')
    run_on_banks(RUN, [shlex.split(line, comments=True) for line in CHEAP_LINES[page]], tmp_path)


def test_there_are_some_of_each_command():
    assert {line.split()[0] for lines in CHEAP_LINES.values() for line in lines} == {'select', 'report', 'experiment'}
