import numpy as np

from mmcsod.records.bank import OBJECT_DTYPE, ROW_DTYPE, FeatureBank
from mmcsod.report.distributions import distributions


def make_bank(sides, with_objects=True):
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
    found = counted(make_bank([10] * 7), 'c')
    assert found['Objects of each class'] == {'pool': {'x': 7, 'y': 1}, 'some': {'x': 0, 'y': 1}}
    bins = found['Objects in an image']
    assert bins == {'pool': {'1': 1, '6-10': 1}, 'some': {'1': 1, '6-10': 0}}


def test_sizes_in_pixels_and_within_the_class():
    found = counted(make_bank(range(20, 120, 10)), 'a')
    assert found["Object sizes, COCO's criteria"]['some'] == {'small': 2, 'medium': 6, 'large': 2}
    within = found["Object sizes, VOC's criteria"]['some']
    assert list(within.values()) == [1, 2, 4, 2, 1]


def test_no_sizes_without_boxes():
    assert len(counted(make_bank([10], with_objects=False), 'a')) == 2
