"""The documentation site builds, and a warning of its generator is an error."""

import re

import pytest
import yaml

import mmcsod
from tests.tool import ROOT, run_script


@pytest.fixture(scope='module')
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp('site')
    # Not with -q, which would keep warnings from --strict too.
    done = run_script('-m mkdocs', 'build', '--strict', '-d', out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def test_every_public_name_is_on_the_reference_page(site):
    page = (site / 'reference' / 'index.html').read_text(encoding='utf-8')
    names = {name for name in mmcsod.__all__ if name[:1] != '_' and name != 'register_all_modules'}
    assert names <= set(re.findall(r'id="mmcsod\.(\w+)"', page))
    assert ':class:' not in page


def test_the_notebook_is_a_page_that_shows_and_gives_it(site):
    name = 'from_photographs_to_a_report'
    page = (site / 'notebooks' / name / 'index.html').read_text(encoding='utf-8')
    assert 'src="data:image/jpeg;base64,' in page
    assert f'href="../{name}.ipynb"' in page
    assert (site / 'notebooks' / f'{name}.ipynb').exists()
    assert f'href="notebooks/{name}/"' in (site / 'index.html').read_text(encoding='utf-8')


def test_a_reader_s_browser_fetches_nothing_from_elsewhere(site):
    fetching = re.compile(r'<(?:script|img|link rel="stylesheet")[^>]*(?:src|href)="https?://')
    assert not [path for path in site.rglob('*.html') if fetching.search(path.read_text(encoding='utf-8'))]


def test_figures_are_there_in_light_and_dark(site):
    for page in ('inspect', 'results'):
        shown = re.findall(
            r'src="\.\./(images/[^"#]+)#only-(\w+)"', (site / page / 'index.html').read_text(encoding='utf-8')
        )
        assert [scheme for _, scheme in shown] == ['light', 'dark']
        assert all((site / path).exists() for path, _ in shown)
    assert 'data-md-color-scheme="slate"' in (site / 'index.html').read_text(encoding='utf-8')


@pytest.mark.parametrize('name', ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'SECURITY.md'])
def test_links_lead_somewhere(name):
    links = re.findall(r'\]\((?!https?://|#)([^)#]+)', (ROOT / name).read_text(encoding='utf-8'))
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_one_version_everywhere():
    citation = yaml.safe_load((ROOT / 'CITATION.cff').read_text(encoding='utf-8'))
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text(encoding='utf-8'))
    assert citation['version'] == index['Collections'][0]['Code']['Version'] == mmcsod.__version__
    assert f'\n## {mmcsod.__version__} (' in (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8')
