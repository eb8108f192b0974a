"""tools/report.py from end to end, and the report that follows a selection."""

import sys
import time
from functools import partial

import pytest

from mmcsod import select_coreset
from tests.test_report.conftest import make_bank, write_images
from tests.tool import run_tool

call = run_tool


@pytest.fixture
def files(tmp_path):
    """A bank that knows where its images are, and two coresets."""
    root = tmp_path / 'images'
    root.mkdir()
    bank = make_bank(num_images=12, data_root=str(root))
    write_images(bank, root)
    bank.save(tmp_path / 'features')
    select_coreset(bank, 5).save(tmp_path / 'coreset.json')
    select_coreset(bank, 5, method='uniform').save(tmp_path / 'uniform.json')
    return tmp_path


def test_a_page_beside_the_first_coreset(files):
    outcome = call('report', files / 'features', files / 'coreset.json', files / 'uniform.json')
    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout.startswith(f'wrote the report {files / "coreset.html"} (')
    assert outcome.stdout.endswith('MB)\n')
    page = (files / 'coreset.html').read_text(encoding='utf-8')
    assert 'Only in' in page
    written = page[page.index('Written') :].partition('</tr>')[0]
    assert written.count(time.strftime('%Y-%m-')) == 3  # of the bank and both coresets


def test_images_that_moved(files):
    (files / 'images').rename(files / 'moved')
    outcome = call('report', files / 'features', files / 'coreset.json', '--out', files / 'gone.html')
    assert outcome.returncode == 0
    assert 'without pictures: the images were not found; --data-root names their folder' in outcome.stdout
    outcome = call('report', files / 'features', files / 'coreset.json', '--data-root', files / 'moved')
    assert 'without pictures' not in outcome.stdout
    assert (files / 'coreset.html').stat().st_size > (files / 'gone.html').stat().st_size


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['features', 'coreset.json', '--data-root', 'features'], 'is not there; give --data-root the folder'),
        (['features', 'coreset.json', '--out', 'coreset.json'], 'is not the name of an HTML file'),
    ],
)
def test_refusals(files, arguments, message):
    before = sorted(files.iterdir())
    outcome = call('report', *(word if word.startswith('--') else files / word for word in arguments))
    assert outcome.returncode == 2
    assert message in outcome.stderr
    assert sorted(files.iterdir()) == before


def test_a_missing_package_is_one_sentence(files, monkeypatch):
    """As where only NumPy is installed."""
    monkeypatch.setitem(sys.modules, 'jinja2', None)
    monkeypatch.delitem(sys.modules, 'mmcsod.report.page', raising=False)
    outcome = call('report', files / 'features', files / 'coreset.json')
    assert outcome.returncode == 2
    assert outcome.stderr == (
        'error: A report needs jinja2, which is not installed; install it with pip install jinja2 matplotlib pillow.\n'
    )
    outcome = call('select', '--bank', files / 'features', '--num-images', 3)
    assert outcome.returncode == 0
    assert 'There is no report: A report needs jinja2' in outcome.stdout


@pytest.mark.parametrize('name', ['picks.html', 'picks.txt', 'picks.csv'])
def test_a_coreset_is_not_written_where_a_file_beside_it_goes(files, name):
    before = sorted(files.iterdir())
    outcome = call('select', '--bank', files / 'features', '--num-images', 3, '--out', files / name)
    assert outcome.returncode == 2
    assert 'give --out a name that ends in .json' in outcome.stderr
    assert sorted(files.iterdir()) == before


def test_a_page_of_something_else_stays_unless_it_may_be_replaced(files):
    (files / 'coreset.html').write_text('my notes')
    words = ['report', files / 'features', files / 'coreset.json']
    outcome = call(*words)
    assert (outcome.returncode, (files / 'coreset.html').read_text()) == (2, 'my notes')
    assert 'is not a report of these coresets' in outcome.stderr
    assert call(*words, '--overwrite').returncode == 0
    assert call(*words).returncode == 0  # its own report


def test_a_selection_leaves_a_report_where_the_images_are_found_and_one_is_wanted(files):
    select = partial(call, 'select', '--bank', files / 'features', '--num-images', 3)
    select('--no-report')
    select('--dry-run')
    assert not list(files.glob('*.html'))
    assert f'wrote the report {files / "new.html"}' in select('--out', files / 'new.json').stdout
    assert '>3 of 12 images<' in (files / 'new.html').read_text(encoding='utf-8')
    (files / 'images').rename(files / 'moved')
    select()
    assert not (files / 'coreset.html').exists()
    assert 'without pictures' in select('--report').stdout
