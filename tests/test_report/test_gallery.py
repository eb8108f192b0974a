import numpy as np

from mmcsod import Coreset, FeatureBank, Pick
from mmcsod.report.gallery import make_cards, terms_of
from mmcsod.report.objects import ObjectTable
from mmcsod.report.selected import Selected

ANGLES = np.radians([0, 5, 10, 50, 60, 90, 0, 90])
BANK = FeatureBank.from_arrays(
    np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1),
    ['a', 'b', 'c', 'd', 'e', 'f', 'a', 'd'],
    [0] * 6 + [1] * 2,
    ['x', 'y'],
)


def cards(*picks, classes=('x', 'y')):
    one = Selected.find('one', BANK, Coreset(tuple(picks), classes, 'by hand'))
    return make_cards(one, ObjectTable(BANK))


def test_a_pick_has_the_images_nearest_to_it_and_to_no_other_most_alike_first():
    first, second = cards(Pick('a', 0), Pick('e', 0))
    assert first.nearest == [(0, [1, 2], [996, 985]), (1, [3], [0])]
    assert second.nearest == [(0, [3, 5], [985, 866])]
    assert (first.num_nearest, second.num_nearest) == (2, 2)


def test_the_class_whose_turn_it_was_comes_first():
    (card,) = cards(Pick('a', 1))
    assert [entry[0] for entry in card.nearest] == [1, 0]
    assert card.num_nearest == 1


def test_without_a_turn_every_class_counts_and_each_image_once():
    (card,) = cards(Pick('a'))
    assert card.turn is None
    assert card.num_nearest == 5


def test_classes_are_matched_by_name():
    (card,) = cards(Pick('a', 0), classes=('y', 'x'))
    assert card.turn == 1


def test_a_coreset_of_the_whole_pool_has_no_nearest_images():
    assert all(card.nearest == [] for card in cards(*map(Pick, 'abcdef')))


def test_terms_of_any_method_have_a_name():
    assert terms_of(Pick('a', 0, 3.0, 1.0, 2.0)) == {'Similarity to class': 3, 'Similarity to selected': 1, 'Score': 2}
    assert terms_of(Pick('a', 0, score=2.0, likeness=0.25, novelty=0.5)) == {
        'Score': 2, 'Mean similarity to class': 0.25, 'Novelty': 0.5,
    }  # fmt: skip
    assert terms_of(Pick('a')) == {}
