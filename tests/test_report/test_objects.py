import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.report.objects import ObjectTable
from tests.test_report.by_hand import bank_by_hand  # noqa: F401


def test_objects_are_ranked_within_their_class(bank):
    table = ObjectTable(bank)
    assert table.by_object
    assert [entry.rank for entry in table.of(0)] == [0.25, 0.25]  # along x, behind the diagonal
    assert [entry.rank for entry in table.of(1)] == [0.75]
    cat, dog, ignored = table.of(2)
    assert (cat.label, dog.label, cat.rank, ignored.rank) == (0, 1, 0, None)
    assert ignored.box == (0, 0, 300, 300)


def test_without_object_vectors_an_object_has_the_rank_of_its_image(bank):
    table = ObjectTable(FeatureBank(bank.vectors, bank.rows, bank.images, bank.classes, objects=bank.objects))
    assert not table.by_object
    ranks = [entry.rank for image in range(3) for entry in table.of(image) if entry.label == 0]
    np.testing.assert_allclose(ranks, [1 / 3, 1 / 3, 1 / 3, 0])  # along x and y alike


def test_without_a_table_of_objects_there_is_one_entry_a_class(bank):
    table = ObjectTable(FeatureBank(bank.vectors, bank.rows, bank.images, bank.classes))
    assert [(entry.label, entry.box) for entry in table.of(2)] == [(0, None), (1, None)]
