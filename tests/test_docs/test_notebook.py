"""The notebook runs in a checkout, and its cells print what it shows."""

import json
import re

import pytest

from tests.test_docs.pages import ROOT
from tests.tool import run_script

NOTEBOOK = ROOT / 'docs' / 'notebooks' / 'from_photographs_to_a_report.ipynb'
CELLS = [cell for cell in json.loads(NOTEBOOK.read_text(encoding='utf-8'))['cells'] if cell['cell_type'] == 'code']
# A kernel does no more than this with cells of plain Python.
RUN = """
import contextlib, io, json, sys
names, printed = {}, []
for code in json.loads(sys.stdin.read()):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(code, names)
    printed.append(out.getvalue())
print(json.dumps(printed))
"""


@pytest.fixture(scope='module')
def checkout(tmp_path_factory):
    folder = tmp_path_factory.mktemp('checkout')
    for name in ('mmcsod', 'configs', 'data'):
        (folder / name).symlink_to(ROOT / name)
    return folder


@pytest.fixture(scope='module')
def printed(checkout):
    """What each cell prints."""
    cells = json.dumps([''.join(cell['source']) for cell in CELLS])
    home = {'PYTHONPATH': str(checkout), 'PATH': '', 'MPLBACKEND': 'agg'}
    # It finds the checkout itself, as the folder that it is started in is its own.
    done = run_script('-c', RUN, cwd=checkout / 'data', given=cells, **home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def words(text):
    """A text without its numbers, which depend on the machine in the last digit, and without the space they take."""
    return ' '.join(re.sub(r'[\d.]+|-{2,}', '', text).split())


@pytest.mark.campaign
def test_the_cells_print_what_the_notebook_shows(printed):
    for cell, out in zip(CELLS, printed, strict=True):
        shown = [''.join(output['text']) for output in cell['outputs'] if 'text' in output]
        assert all(words(text) in words(out) for text in shown), out


@pytest.mark.campaign
def test_it_ends_with_a_report_and_an_export(printed, checkout):
    work_dir = checkout / 'work_dirs' / 'notebook'
    assert '<img' in (work_dir / 'report.html').read_text(encoding='utf-8')
    assert len(json.loads((work_dir / 'chess_24/annotations/train.json').read_text())['images']) == 24


def test_every_output_is_there_to_be_seen():
    assert sum(bool(cell['outputs']) for cell in CELLS) >= len(CELLS) - 1
