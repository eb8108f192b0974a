import dataclasses

import numpy as np
import pytest

from mmcsod import UserError
from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE, FeatureBank
from mmcsod.report.counts import distributions, kl_divergence, size_counts, size_indices


@pytest.mark.parametrize(('counts', 'divergence'), [((75, 395, 562), 0.013), ((82, 300, 424), 0.006)])
def test_divergence_gives_the_papers_figures(counts, divergence):
    # Section 4.5.4: the pool's ratios, the counts of imagewise and objectwise selection, and their divergences.
    pool = np.array([10.5, 32.0, 57.5])
    assert round(kl_divergence(pool, np.array(counts)), 3) == divergence
    assert kl_divergence(pool, 7 * pool) == pytest.approx(0)


def test_divergence_from_a_size_that_is_not_selected_is_infinite():
    assert kl_divergence(np.array([1, 2, 3]), np.array([0, 2, 3])) == np.inf
    assert kl_divergence(np.array([0, 2, 2]), np.array([4, 2, 2])) == pytest.approx(np.log(2))


def test_bounds_are_cocos():
    boxes = np.array([[0, 0, 32, 31.9], [7, 7, 39, 39], [0, 0, 96, 95.9], [10, 10, 106, 106]])
    assert size_indices(boxes).tolist() == [0, 1, 1, 2]


def test_counts_include_ignored_objects_and_leave_out_boxes_without_area(bank):
    assert size_counts(bank).tolist() == [2, 2, 2]
    assert size_counts(bank, np.array([True, False, False])).tolist() == [1, 1, 0]
    bank.objects['box'][0] = (3, 3, 3, 9)
    assert size_counts(bank).tolist() == [1, 2, 2]


def test_refuses_a_bank_without_objects(bank):
    with pytest.raises(UserError, match='no table of objects'):
        size_counts(dataclasses.replace(bank, objects=None, object_vectors=None))


def bank_of_sides(sides, with_objects=True):
    """An image with all objects of x, an empty one, and one with a single object of y."""
    sides = [*sides, 200]
    objects = np.zeros(len(sides), OBJECT_DTYPE)
    objects['box'][:, 2:] = np.array(sides)[:, None]
    objects['image'][-1], objects['label'][-1] = 2, 1
    rows = np.array([(0, 0, len(sides) - 1), (2, 1, 1)], ROW_DTYPE)
    return FeatureBank(
        np.ones((2, 2), np.float32), rows, ('a', 'b', 'c'), ('x', 'y'), objects=objects if with_objects else None
    )


def counted(bank, chosen):
    masks = {'pool': np.ones(3, bool), 'some': np.array([name in chosen for name in bank.images])}
    return {
        found.title: {
            name: dict(zip(found.categories, counts.tolist(), strict=True)) for name, counts in found.counts.items()
        }
        for found in distributions(bank, masks)
    }


def test_classes_and_objects_of_an_image():
    found = counted(bank_of_sides([10] * 7), 'c')
    assert found['Objects of each class'] == {'pool': {'x': 7, 'y': 1}, 'some': {'x': 0, 'y': 1}}
    bins = found['Objects in an image']
    assert bins == {'pool': {'1': 1, '6-10': 1}, 'some': {'1': 1, '6-10': 0}}


def test_sizes_in_pixels_and_within_the_class():
    found = counted(bank_of_sides(range(20, 120, 10)), 'a')
    assert found["Object sizes, COCO's criteria"]['some'] == {'small': 2, 'medium': 6, 'large': 2}
    within = found["Object sizes, VOC's criteria"]['some']
    assert list(within.values()) == [1, 2, 4, 2, 1]


def test_no_sizes_without_boxes():
    assert len(counted(bank_of_sides([10], with_objects=False), 'a')) == 2
