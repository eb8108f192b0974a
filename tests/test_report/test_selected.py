from mmcsod import Coreset, Pick
from mmcsod.report.selected import Selected, changes, overlaps
from tests.test_report.conftest import CLASSES, make_bank


def test_picks_are_found_in_the_bank_in_pick_order():
    bank = make_bank(num_images=9)
    coreset = Coreset((Pick(bank.images[4], 1), Pick(bank.images[2])), ('other', CLASSES[3]), 'by hand')
    one = Selected.find('one', bank, coreset)
    assert one.images.tolist() == [4, 2]
    assert one.turns == [3, None]
    assert one.mask.nonzero()[0].tolist() == [2, 4]


BANK = make_bank(num_images=9)


def select(name, *images):
    picks = tuple(Pick(BANK.images[image]) for image in images)
    return Selected.find(name, BANK, Coreset(picks, CLASSES, 'by hand'))


def test_what_is_shared_and_what_is_not():
    selections = [select('a', 5, 1, 3), select('b', 3, 8), select('c', 0)]
    assert overlaps(selections) == [[3, 1, 0], [1, 2, 0], [0, 0, 1]]
    to_b, to_c = changes(selections)
    assert (to_b.first, to_b.second, to_b.only_first, to_b.only_second) == ('a', 'b', [5, 1], [8])
    assert (to_c.only_first, to_c.only_second) == ([5, 1, 3], [0])
