import dataclasses
import re

from mmcsod import select_coreset
from mmcsod.report import facts
from mmcsod.report.selected import Selected
from tests.test_report.conftest import CLASSES, make_bank

BANK = make_bank(
    num_images=12,
    config='c.py',
    identity={'weights': 'ab' * 32, 'tap': 'fc'},
    versions={'mmcsod': '1', 'torch': '2'},
    images_left_out={'no box': 3},
    objects_left_out={'crowd': 1234},
    unreadable_images=[f'{i}.jpg' for i in range(7)],
)


def test_pool_and_coresets_side_by_side():
    one, two = (
        Selected.find(name, BANK, select_coreset(BANK, 4, method=name, lam='2N/D')) for name in ('csod', 'uniform')
    )
    lines = {name: values for name, *values in facts.table(BANK, [one, two], {'': '2001-01-01', 'csod': '2001-02-03'})}
    assert lines['Images'] == ['12', '4', '4']
    assert lines['Objects'][0] == str(BANK.rows['count'].sum())
    assert lines['Method'] == ['', 'csod', 'uniform']
    assert lines['lam'] == ['', '0.666667 (2 N / D)', '']
    assert lines['Seed'] == ['', '', '0']
    assert lines['Written'] == ['2001-01-01', '2001-02-03', '']


def test_options_of_a_selection_in_words():
    turns, cap = {CLASSES[3]: 2.0}, r'/(\d)'
    coreset = select_coreset(BANK, 4, method='csod', turns=turns, group=cap, per_group=3)
    one = Selected.find('a', BANK, coreset)
    lines = dict(facts.selection(one))
    times = coreset.parameters['lam'] / coreset.parameters['lam_unit']
    assert lines['lam'].endswith(f'(auto: highest coverage of 9 values, {times:.3g} N / D)')
    assert lines['Class round-robin'] == f'{CLASSES[3]} 2'
    assert (lines['Recordings by'], lines['Images of one recording']) == (cap, '3')
    known = [{re.search(cap, image)[1] for image in images} for images in (BANK.images, coreset.image_ids)]
    assert ['Recordings', *map(str, map(len, known))] in facts.table(BANK, [one], {})
    assert not {'lams', 'coverages', 'lam_unit'} & set(lines)


def test_how_the_features_were_made():
    found = dict(facts.features(BANK))
    assert found['Detector config'] == 'c.py'
    assert found['Checkpoint'] == 'SHA-256 of the weights abababababababab…'
    assert found['Versions'] == 'mmcsod 1, torch 2'
    identity = {'weights': {'backbone.a': 'cd' * 32}, 'tap': 'neck'}  # a digest for each tensor
    newer = dict(facts.features(dataclasses.replace(BANK, provenance={'identity': identity})))
    assert re.fullmatch(r'SHA-256 of the weights [0-9a-f]{16}…', newer['Checkpoint'])
    assert list(dict(facts.features(make_bank(num_images=3)))) == ['Vectors']


def test_what_was_left_out():
    assert facts.left_out(BANK) == [
        '3 images left out: no box.',
        '1,234 objects left out: crowd.',
        '7 images could not be read: 0.jpg, 1.jpg, 2.jpg, 3.jpg, 4.jpg and 2 more.',
    ]
    assert facts.left_out(make_bank(num_images=3)) == []
