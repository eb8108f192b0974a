"""The Python in the documentation runs: each page's blocks one after the other, on vectors made up here."""

import pytest

from tests.test_docs.pages import PAGES, blocks, run_on_banks

WITH_PYTHON = [page for page in PAGES if blocks(page, 'python')]
RUN = """
names = dict(globals())
for block in given:
    code = compile(block, 'block', 'exec', dont_inherit=True)
    if '...' not in block:  # something is left out there
        exec(code, names)
"""


@pytest.mark.parametrize('page', WITH_PYTHON)
def test_the_blocks_run(page, tmp_path):
    extra = ["assert len(select_coreset(bank, num_images=4, method='min')) == 4"] if page == 'docs/methods.md' else []
    run_on_banks(RUN, [*blocks(page, 'python'), *extra], tmp_path)
