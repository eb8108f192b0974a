"""The Python in the documentation runs: each page's blocks one after the other, on vectors made up here."""

import json

import pytest

from tests.test_docs.pages import PAGES, blocks
from tests.tool import run_script

WITH_PYTHON = [page for page in PAGES if blocks(page, 'python')]
# Names that pages use without saying where they come from; a folder that others load.
PREPARE = """
import json, sys
from dataclasses import replace
import numpy as np
from mmcsod import FeatureBank, select_coreset
rng = np.random.default_rng(0)
classes = ('cat', 'dog')
image_ids = [f'{i // 2:03d}.jpg' for i in range(500)]
labels = np.arange(500) % 2
vectors = rng.random((500, 8), dtype=np.float32)
bank = replace(FeatureBank.from_arrays(vectors, image_ids, labels, classes),
               image_vectors=rng.random((250, 8), dtype=np.float32))
bank.save('work_dirs/voc/features')
names = dict(globals())
for block in json.loads(sys.stdin.read()):
    code = compile(block, 'block', 'exec', dont_inherit=True)
    if '...' not in block:  # something is left out there
        exec(code, names)
"""


@pytest.mark.parametrize('page', WITH_PYTHON)
def test_the_blocks_run(page, tmp_path):
    extra = ["assert len(select_coreset(bank, num_images=4, method='min')) == 4"] if page == 'docs/methods.md' else []
    done = run_script('-c', PREPARE, cwd=tmp_path, given=json.dumps([*blocks(page, 'python'), *extra]), PATH='')
    assert done.returncode == 0, done.stderr
