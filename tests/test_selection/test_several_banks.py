"""Banks side by side: their cosines are means of cosines, and they are joined by what the rows are, not where."""

from dataclasses import replace

import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.several_banks import load_banks, side_by_side
from mmcsod.selection.unit_rows import unit_rows
from mmcsod.util.errors import UserError

from .test_select import make_bank


def another(bank, width, seed):
    """The same rows from another selector: other vectors, of another width and length."""
    vectors = np.random.default_rng(seed).normal(size=(len(bank), width)) * 7
    return replace(bank, vectors=vectors.astype(np.float32))


def shuffled(bank, seed):
    """The same bank with images and, within each class, rows in another order."""
    rng = np.random.default_rng(seed)
    places = rng.permutation(len(bank.images))
    rows = bank.rows.copy()
    rows['image'] = np.argsort(places)[rows['image']]
    order = np.lexsort((rows['image'], rows['label']))
    return replace(
        bank, vectors=bank.vectors[order], rows=rows[order], images=tuple(np.array(bank.images)[places].tolist())
    )


def test_a_cosine_is_the_mean_of_the_cosines():
    first = make_bank()
    banks = [first, another(first, 5, 1), another(first, 90, 2)]
    joined = side_by_side(banks, 'ABC')
    units = unit_rows(joined.vectors.astype(np.float64))
    wanted = np.mean(
        [unit_rows(b.vectors.astype(np.float64)) @ unit_rows(b.vectors.astype(np.float64)).T for b in banks], axis=0
    )
    np.testing.assert_allclose(units @ units.T, wanted, atol=1e-6)
    np.testing.assert_array_equal(joined.rows, first.rows)


def test_rows_are_joined_by_image_and_class():
    first = make_bank()
    second = another(first, 5, 1)
    wanted = side_by_side([first, second], 'AB')
    found = side_by_side([first, shuffled(second, 3)], 'AB')
    np.testing.assert_array_equal(found.vectors, wanted.vectors)
    assert select_coreset(found, num_images=9).image_ids == select_coreset(wanted, num_images=9).image_ids


def test_twice_the_same_bank_selects_as_once():
    bank = make_bank()
    once, twice = (select_coreset(b, num_images=12).image_ids for b in (bank, side_by_side([bank, bank], 'AA')))
    assert once == twice


def test_banks_that_differ_are_one_sentence():
    first = make_bank()
    renamed = replace(first, images=('other.jpg', *first.images[1:]))
    with pytest.raises(UserError, match=r'A and B are of different images: 2 are in one of them alone, .* in A first'):
        side_by_side([first, renamed], 'AB')
    with pytest.raises(UserError, match='different classes'):
        side_by_side([first, replace(first, classes=tuple(f'x{name}' for name in first.classes))], 'AB')
    fewer = replace(first, vectors=first.vectors[1:], rows=first.rows[1:])
    for pair in ([first, fewer], [fewer, first]):
        with pytest.raises(UserError, match='hold different rows'):
            side_by_side(pair, 'AB')


def test_one_folder_is_that_bank_and_two_are_side_by_side(tmp_path):
    bank = make_bank()
    bank.save(tmp_path / 'a')
    another(bank, 5, 1).save(tmp_path / 'b')
    assert load_banks([tmp_path / 'a']).vectors.shape == bank.vectors.shape
    both = load_banks([tmp_path / 'a', tmp_path / 'b'])
    assert isinstance(both, FeatureBank)
    assert both.vectors.shape[1] == bank.vectors.shape[1] + 5
