"""The command lines that need neither a detector nor a training run as printed, each page's one after the other."""

import json
import re
import shlex
import shutil

import pytest

from tests.test_docs.pages import PAGES, ROOT
from tests.test_docs.test_command_lines import command_lines
from tests.tool import run_script

CHEAP = re.compile(
    r'select --bank work_dirs/\w+/features (?!.*--launcher)|report work_dirs/mine/features work_dirs|'
    r'experiment configs/experiments/chess.py .*--(list|table)'
)
CHEAP_LINES = {page: [line for line in command_lines(page) if CHEAP.match(line)] for page in PAGES}
PREPARE = """
import json, sys
from dataclasses import replace
import numpy as np
from mmcsod import FeatureBank, select_coreset
from mmcsod.commands import main
rng = np.random.default_rng(0)
bank = FeatureBank.from_arrays(rng.random((1200, 8), dtype=np.float32), [f'{i // 2:03d}.jpg' for i in range(1200)],
                               np.arange(1200) % 2, ('cat', 'dog'))
bank = replace(bank, image_vectors=rng.random((600, 8), dtype=np.float32))
for name in ('voc', 'chess', 'mine', 'first'):
    bank.save(f'work_dirs/{name}/features')
select_coreset(bank, num_images=20).save('work_dirs/mine/coreset.json')
for words in json.loads(sys.stdin.read()):
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
    done = run_script(
        '-c',
        PREPARE,
        cwd=tmp_path,
        given=json.dumps([shlex.split(line, comments=True) for line in CHEAP_LINES[page]]),
        PATH='',
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


def test_there_are_some_of_each_command():
    assert {line.split()[0] for lines in CHEAP_LINES.values() for line in lines} == {'select', 'report', 'experiment'}
