import numpy as np

from mmcsod.selection.same_objects import placed, show_the_same

SIZE = np.array([100, 50])
BOXES = np.array([[0, 0, 10, 10], [40, 20, 60, 30], [80, 40, 90, 50]], float)


def shown(labels, boxes=BOXES, size=SIZE):
    return placed(np.array(labels), boxes[: len(labels)], size)


def test_objects_are_compared_by_class_and_place_in_shares_of_the_image():
    one = shown([0, 1, 1])
    assert show_the_same(one, shown([0, 1, 1], 2 * BOXES, 2 * SIZE))
    assert show_the_same(one, shown([0, 1, 1], BOXES + [3, 0, 3, 0]))
    assert not show_the_same(one, shown([0, 1, 1], BOXES + [6, 0, 6, 0]))
    assert not show_the_same(one, shown([1, 0, 0]))


def test_half_of_the_objects_is_enough():
    assert show_the_same(shown([0, 1]), shown([0, 2]))
    assert not show_the_same(shown([0, 1, 2]), shown([0, 2, 1]))


def test_images_without_objects_show_the_same():
    none = shown([])
    assert show_the_same(none, none)
    assert not show_the_same(none, shown([0]))
