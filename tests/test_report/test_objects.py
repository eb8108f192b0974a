import dataclasses

import numpy as np
import pytest

from mmcsod import UserError
from mmcsod.records.bank import FeatureBank
from mmcsod.report.objects import ObjectTable, prototype_cosines, rank_objects
from tests.test_report.by_hand import bank_by_hand, make_bank, make_coreset  # noqa: F401
from tests.test_selection.naive_rules import cosine


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


def test_prototypes_average_the_objects_of_an_image_and_size():
    rng = np.random.default_rng(0)
    sizes = {0: 10, 1: 50, 2: 200}
    layout = [(0, 0), (1, 0), (1, 0), (2, 1), (2, 1), (2, 1), (2, 1), (3, 2), *[(4, 2)] * 5, (4, 0)]
    objects = [(image, 0, (0, 0, sizes[size], sizes[size]), False) for image, size in layout]
    vectors = rng.normal(0.5, 1, (len(layout), 6)).astype(np.float32)
    cosines, numbers = prototype_cosines(make_bank(objects, vectors), 0)
    assert numbers.tolist() == [[2, 1, 0], [0, 1, 0], [1, 0, 1]]
    whole = vectors.astype(np.float64).mean(axis=0)

    def of(image, size):
        chosen = [vector for vector, key in zip(vectors, layout, strict=True) if key == (image, size)]
        return cosine(np.mean(chosen, axis=0), whole)

    assert cosines[0, 0] == pytest.approx((of(0, 0) + of(4, 0)) / 2, abs=1e-6)
    assert cosines[0, 1] == pytest.approx(of(1, 0), abs=1e-6)
    assert cosines[1, 1] == pytest.approx(of(2, 1), abs=1e-6)
    assert cosines[2, 2] == pytest.approx(of(4, 2), abs=1e-6)
    assert np.isnan(cosines[1, 0])


def test_ranks_by_hand(bank):
    # Sum of unit cats: (1, 0) + (1, 0) + (0, 1) + (0.71, 0.71): c's cat is best, then a's two, then b's.
    ranked = rank_objects(bank, make_coreset('bca'), 0, 2)
    assert [image.image_id for image in ranked] == ['b', 'c']
    assert ranked[0].ranks == pytest.approx([0.75])
    assert ranked[1].ranks == pytest.approx([0])
    assert ranked[1].boxes.tolist() == [[0, 0, 20, 200]]
    assert rank_objects(bank, make_coreset('a'), 0, 5)[0].ranks == pytest.approx([0.25, 0.25])
    assert rank_objects(bank, make_coreset('a', label=1), 0, 5) == []


def test_ranks_go_by_the_name_of_the_class_and_pass_over_images_without_it(bank):
    other_order = dataclasses.replace(make_coreset('bca', label=1), classes=('dog', 'cat'))
    assert [image.image_id for image in rank_objects(bank, other_order, 0, 2)] == ['b', 'c']
    assert rank_objects(bank, other_order, 1, 2) == []
    dogs = rank_objects(bank, make_coreset('bac', label=1), 1, 2)  # as a coreset of boxes that this bank left out
    assert [image.image_id for image in dogs] == ['c']


def test_refuses_a_bank_without_object_vectors(bank):
    bare = dataclasses.replace(bank, object_vectors=None)
    for compute in (lambda: prototype_cosines(bare, 0), lambda: rank_objects(bare, make_coreset('a'), 0, 1)):
        with pytest.raises(UserError, match=r'no object vectors.*--keep-objects'):
            compute()
