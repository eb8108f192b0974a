import csv
from dataclasses import asdict, replace

import numpy as np
import pytest

from mmcsod import Coreset, FeatureBank, Pick
from mmcsod.report.image_table import image_table, is_image_table, rare_images, write_image_table
from mmcsod.report.selected import Selected


@pytest.fixture(name='one')
def coreset_of_five():
    """Cats in a and b (copies), c, d (far from all) and a dog in d; a was included, c is new."""
    angles = np.radians([0, 0, 30, 120, 0])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    bank = FeatureBank.from_arrays(vectors, list('abcdd'), [0, 0, 0, 0, 1], ['cat', 'dog'])
    picks = (Pick('a'), Pick('c', 0))
    return Selected.find('one', bank, Coreset(picks, bank.classes, 'csod', {'num_included': 1}))


def test_an_entry_for_each_image_says_keep_or_drop_and_why(one):
    a, b, c, d = (asdict(entry) for entry in image_table(one, [np.array([0, 1])]))
    assert (a['decision'], a['rank'], a['selected_for'], a['new'], a['near_duplicates']) == ('keep', 1, '', '', 1)
    assert (c['decision'], c['rank'], c['selected_for'], c['new']) == ('keep', 2, 'cat', 'new')
    assert c['nearest_selected'] == ''
    assert (b['decision'], b['nearest_selected'], b['cosine'], b['near_duplicates']) == ('drop', 'a', '1.0000', 1)
    assert (d['decision'], d['rank'], d['nearest_selected'], d['cosine']) == ('drop', '', 'c', '0.0000')
    assert (a['objects'], d['objects']) == ('cat 1', 'cat 1, dog 1')


def test_rare_is_what_is_no_nearer_than_two_images_at_random_or_of_a_class_without_a_selected_image(one):
    assert rare_images(one).tolist() == [False, False, False, True]
    bank = FeatureBank.from_arrays(one.bank.vectors[[0, 1, 2, 4]], list('abcd'), [0, 0, 0, 1], ['cat', 'dog'])
    assert rare_images(Selected.find('one', bank, one.coreset)).tolist() == [False, False, False, True]


def test_the_file_is_csv_that_is_known_again(one, tmp_path):
    bank = replace(one.bank, recordings=('r', 'r', 's', ''))
    entries = image_table(replace(one, bank=bank), [])
    write_image_table(tmp_path / 'a.csv', entries)
    with (tmp_path / 'a.csv').open(newline='') as file:
        rows = [(row['image'], row['recording']) for row in csv.DictReader(file)]
    assert rows == [('a', 'r'), ('b', 'r'), ('c', 's'), ('d', '')]
    assert is_image_table(tmp_path / 'a.csv')
    (tmp_path / 'b.csv').write_text('mine,yours\n')
    assert not is_image_table(tmp_path / 'b.csv')
