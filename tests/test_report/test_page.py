"""The page as a file; test_browser.py opens it."""

import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, Pick, UserError, select_coreset
from mmcsod.records.bank import LABEL_SCORE_DTYPE
from mmcsod.report.leak import Leak, Leaks
from mmcsod.report.page import write_report
from mmcsod.selection.near_duplicates import near_duplicates
from tests.test_report.conftest import make_bank


class Page(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.attributes, self.ids, self.data, self._in_script = [], [], [], {}, None
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        named = dict(attrs)
        self.ids.append(named.get('id'))
        self._in_script = named.get('id') if tag == 'script' else None

    def handle_data(self, data):
        if self._in_script:
            self.data[self._in_script] = json.loads(data)
            self._in_script = None


@pytest.fixture(scope='module')
def page(pool, tmp_path_factory):
    path = tmp_path_factory.mktemp('page') / 'report.html'
    write_report(path, pool.bank, pool.coresets, pool.root)
    return path


def test_names_are_data(page, pool):
    found = Page(page)
    assert found.tags.count('script') == 3
    assert not [name for name, _ in found.attributes if name.startswith('on')]
    assert found.data['data']['names'] == list(pool.bank.images)
    assert found.data['data']['classes'] == list(pool.bank.classes)


def test_nothing_points_out_of_the_page(page):
    found = Page(page)
    targets = [value for name, value in found.attributes if name in ('src', 'href', 'action', 'srcset', 'poster')]
    assert targets
    assert all(value.startswith(('#', 'data:')) for value in targets)
    style = re.search('<style>.*?</style>', page.read_text(encoding='utf-8'), re.DOTALL)[0]
    assert 'url(' not in style
    assert '@import' not in style


def test_every_picture_is_in_there_once(page, pool):
    pictures = Page(page).data['pictures']
    assert set(pictures) == {str(image) for image in range(len(pool.bank.images))}
    text = page.read_text(encoding='utf-8')
    assert all(text.count(uri) == 1 for uri in pictures.values())


def test_no_identifier_stands_twice_and_every_label_leads_somewhere(page):
    found = Page(page)
    identifiers = [name for name in found.ids if name]
    assert len(identifiers) == len(set(identifiers))
    for name, value in found.attributes:
        if name in ('aria-labelledby', 'aria-describedby'):
            assert value in identifiers
        if name == 'href' and value.startswith('#') and len(value) > 1:
            assert value[1:] in identifiers


def test_without_pictures_it_says_so(pool, tmp_path):
    write_report(tmp_path / 'a.html', pool.bank, pool.coresets, None)
    assert 'the images were not found' in (tmp_path / 'a.html').read_text(encoding='utf-8')
    assert Page(tmp_path / 'a.html').data['pictures'] == {}


def test_a_bank_of_bare_vectors_has_a_report(tmp_path):
    bank = FeatureBank.from_arrays(np.eye(4), list('abcd'), [0, 0, 1, 1], ['x', 'y'])
    write_report(tmp_path / 'a.html', bank, {'a': select_coreset(bank, 2)}, None)
    assert Page(tmp_path / 'a.html').data['data']['names'] == list('abcd')


def test_a_coreset_of_another_bank_leaves_no_file(pool, tmp_path):
    with pytest.raises(UserError, match='are not in the bank'):
        write_report(tmp_path / 'a.html', pool.bank, {'a': Coreset((Pick('zebra'),), ('x',), 'by hand')}, None)
    assert not list(tmp_path.iterdir())


def test_near_duplicates_are_those_that_the_command_counts(tmp_path):
    rng = np.random.default_rng(0)
    scenes = np.repeat(rng.normal(size=(6, 8)), 5, axis=0) + 0.02 * rng.normal(size=(30, 8))
    images = [f'{place}.jpg' for place in range(30)]
    bank = FeatureBank.from_arrays(scenes.astype(np.float32), images, [0] * 30, ['x'])
    coresets = {'a': select_coreset(bank, 12, method='full', seed=1), 'b': select_coreset(bank, 9, method='stride')}
    write_report(tmp_path / 'a.html', bank, coresets, None)
    text = re.sub('<[^>]*>', '', (tmp_path / 'a.html').read_text(encoding='utf-8'))
    numbers = [len(near_duplicates(bank, coreset)) for coreset in coresets.values()]
    assert numbers[0] > 0
    assert f'In a, {numbers[0]} images are near-duplicates of an earlier selected image; In b, {numbers[1]} ' in text


def test_boxes_lie_on_images_of_their_decoded_size(tmp_path):
    bank = make_bank(num_images=3)
    bank = replace(bank, sizes=np.array([[90, 60], [60, 90], [0, 0]], np.int32), orientations=np.ones(3, np.uint8))
    write_report(tmp_path / 'a.html', bank, {'a': select_coreset(bank, 3)}, None)
    views = re.findall('viewBox="0 0 ([0-9]+ [0-9]+)" preserveAspectRatio', (tmp_path / 'a.html').read_text('utf-8'))
    assert {'90 60', '60 90'} < set(views)


def test_odd_boxes_end_no_report(tmp_path):
    bank = make_bank(num_images=3)
    bank.objects['box'][:4, 2] = [np.inf, -np.inf, np.nan, 3e38]
    write_report(tmp_path / 'a.html', bank, {'a': select_coreset(bank, 3)}, None)
    assert not re.search('(x|y|width|height)="-?(inf|nan)', (tmp_path / 'a.html').read_text('utf-8'))


def test_leaks_and_suspicious_labels_are_there_to_look_at(pool, tmp_path):
    used = ~pool.bank.objects['ignored']
    scores = np.zeros(int(used.sum()), LABEL_SCORE_DTYPE)
    scores['own'], scores['other'] = 0.9, 0.05
    scores[4] = (0.1, 0.8, 2, 0.9, (0, 0, 1, 1))
    bank = replace(pool.bank, label_scores=scores)
    validation = pool.root / bank.images[7]
    leaks = Leaks([Leak(str(validation), bank.images[3], True)], 5, num_unread=2, num_same_recording=3)
    write_report(tmp_path / 'a.html', bank, pool.coresets, pool.root, leaks=leaks)
    pictures = Page(tmp_path / 'a.html').data['pictures']
    assert {name for name in pictures if not name.isdigit()} == {'leak-0', 'label-0'}
    text = html.unescape(re.sub('<[^>]*>', '', (tmp_path / 'a.html').read_text(encoding='utf-8')))
    assert '1 of 5 validation images have a near-duplicate in the pool, 1 in csod </script>, 2 could not' in text
    assert '3 come from a recording of the pool' in text
    assert f'has 0.10, {bank.classes[2]} has 0.80' in text
    assert 'For 1 label the selecting detector' in text
    write_report(tmp_path / 'b.html', pool.bank, pool.coresets, pool.root)
    assert not {'leaks', 'labels'} & set(Page(tmp_path / 'b.html').ids)
