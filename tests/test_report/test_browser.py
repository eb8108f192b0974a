"""The page in a real browser: it works, asks nothing of any network, and takes names for text."""

from itertools import pairwise

import pytest

from mmcsod.report.page import write_report
from tests.test_report.conftest import CLASSES


@pytest.fixture(scope='module')
def file(pool, tmp_path_factory):
    path = tmp_path_factory.mktemp('browser') / 'report.html'
    write_report(path, pool.bank, pool.coresets, pool.root)
    return path


@pytest.fixture(params=[(1400, 'light'), (390, 'dark')], ids=['desktop', 'phone'])
def page(request, browser, file):
    """The opened page; afterwards, nothing may have been requested, logged or raised."""
    width, scheme = request.param
    opened = browser.new_page(viewport={'width': width, 'height': 900}, color_scheme=scheme, reduced_motion='reduce')
    trouble = []
    opened.on('console', lambda message: trouble.append(message.text))
    opened.on('pageerror', lambda error: trouble.append(str(error)))
    opened.on('dialog', lambda dialog: (trouble.append(dialog.message), dialog.dismiss()))
    opened.on('request', lambda request: trouble.append(request.url) if not request.url.startswith('data:') else None)
    opened.goto(file.as_uri())
    assert trouble.pop(0) == file.as_uri()
    yield opened
    opened.close()
    assert trouble == []


def shown(page):
    """Ranks of the cards in view, in their order."""
    cards = page.locator('.gallery:not([hidden]) .card:not([hidden])')
    return [int(rank) + 1 for rank in cards.evaluate_all('cards => cards.map(card => card.dataset.pick)')]


def focused(page):
    return page.evaluate("+document.activeElement.closest('.card').dataset.pick + 1")


def picks(page, coreset=0):
    return page.evaluate(f'data.coresets[{coreset}].picks')


def test_filter_sort_and_search(page, pool):
    all_picks = picks(page)
    assert shown(page) == list(range(1, 10))
    assert page.inner_text('#count') == '9 of 9 images'
    turn = all_picks[1]['turn']
    page.select_option('#turn', str(turn))
    assert shown(page) == [rank for rank, pick in enumerate(all_picks, 1) if pick['turn'] == turn]
    page.select_option('#turn', '')
    page.select_option('#holds', '2')
    assert shown(page) == [rank for rank, pick in enumerate(all_picks, 1) if 2 in dict(pick['objects'])]
    page.select_option('#holds', '')
    page.select_option('#sort', 'term:Score')
    scores = [all_picks[rank - 1]['terms']['Score'] for rank in shown(page)]
    assert scores == sorted(scores, reverse=True)
    page.check('#reverse')
    assert [all_picks[rank - 1]['terms']['Score'] for rank in shown(page)] == scores[::-1]
    page.fill('#search', pool.bank.images[all_picks[4]['image']][-6:].upper())
    assert shown(page) == [5]
    page.fill('#search', 'no such name')
    assert shown(page) == []
    page.click('#reset')
    assert shown(page) == list(range(1, 10))


def test_the_gallery_and_a_pick_by_keyboard(page):
    page.keyboard.press('/')
    assert page.evaluate('document.activeElement.id') == 'search'
    page.keyboard.press('Tab')
    assert focused(page) == 1
    for key, rank in (('ArrowRight', 2), ('ArrowRight', 3), ('ArrowLeft', 2), ('End', 9), ('Home', 1)):
        page.keyboard.press(key)
        assert focused(page) == rank
    page.keyboard.press('ArrowDown')
    assert focused(page) > 1
    page.keyboard.press('Home')
    page.keyboard.press('Enter')
    assert page.inner_text('#pick-title').startswith('Selected image 1:')
    page.keyboard.press('ArrowRight')
    page.keyboard.press('ArrowRight')
    assert page.inner_text('#pick-title').startswith('Selected image 3:')
    page.keyboard.press('Escape')
    assert not page.is_visible('#pick')
    page.wait_for_function(
        "document.activeElement.closest('.card')?.dataset.pick === '2'"
    )  # the dialog's event is queued


def test_a_pick_opens_its_nearest_pool_images(page, pool):
    rank, pick = next((rank, pick) for rank, pick in enumerate(picks(page)) if pick['nearest'])
    page.locator('.card button').nth(rank).click()
    label, images, cosines = pick['nearest'][0]
    assert CLASSES[label] in page.locator('#pick-nearest h3').first.text_content()
    tiles = page.locator('#pick-nearest ul').first.locator('li')
    assert tiles.locator('.file').all_text_contents() == [pool.bank.images[image] for image in images]
    assert tiles.locator('.cosine').all_inner_texts() == [f'cosine {cosine / 1000:.3f}' for cosine in cosines]
    assert tiles.locator('img').count() == len(images)
    assert page.locator('#pick-objects tr').count() == len(pick['objects'])
    page.click('#close')


def test_another_coreset_has_its_own_gallery(page, pool):
    page.select_option('#coreset', '1')
    assert page.inner_text('#count') == '6 of 6 images'
    page.locator('.gallery:not([hidden]) .card').first.click()
    assert pool.bank.images[picks(page, 1)[0]['image']] in page.text_content('#pick-title')


def test_the_map_shows_the_image_under_the_pointer_and_opens_picks(page, pool):
    canvas = page.locator('canvas')
    canvas.scroll_into_view_if_needed()
    image = picks(page)[0]['image']
    x, y = page.evaluate(f'place({image})')
    canvas.hover(position={'x': x, 'y': y})
    assert page.text_content('.tip .file') == pool.bank.images[image]
    assert page.text_content('.tip b') == 'selected image 1'
    page.mouse.move(0, 0)
    assert not page.is_visible('.tip')
    canvas.focus()
    for key in ('ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowLeft', 'Enter'):
        page.keyboard.press(key)
    assert page.text_content('#pick-title').startswith('Selected image 2:')


def test_pictures_appear_and_names_are_text(page):
    first = page.locator('.gallery .card img').first
    first.scroll_into_view_if_needed()
    assert (
        first.evaluate("""image => new Promise(done => image.complete && image.src ? done(image.naturalWidth)
        : image.addEventListener('load', () => done(image.naturalWidth)))""")
        > 0
    )
    assert page.locator('script').count() == 3
    assert page.locator('option', has_text='<script>alert(1)</script>').count() == 2
    assert page.locator('svg text', has_text='$x^2$').count() > 0


def test_nothing_is_wider_than_the_window(page):
    for opened in page.locator('details').all():
        opened.evaluate('details => { details.open = true; }')
    assert page.evaluate('document.documentElement.scrollWidth <= innerWidth')


def test_every_control_has_a_name_and_every_section_a_heading(page):
    unnamed = page.evaluate("""() => [...document.querySelectorAll('button, select, input, canvas')].filter(
        one => !(one.labels?.length || one.getAttribute('aria-label') || one.textContent.trim())).length""")
    assert unnamed == 0
    assert page.evaluate("""() => [...document.querySelectorAll('section')].every(one =>
        document.getElementById(one.getAttribute('aria-labelledby')).textContent)""")
    assert [page.locator(landmark).count() for landmark in ('header', 'nav', 'main', 'footer')] == [1, 1, 1, 1]
    headings = page.locator('h1, main h2, main h3, main h4').evaluate_all('all => all.map(one => +one.tagName[1])')
    assert all(after - before <= 1 for before, after in pairwise(headings))
    assert page.locator('figure').count() == page.locator('figure table').count() > 0
