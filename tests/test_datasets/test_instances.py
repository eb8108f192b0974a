import numpy as np
import pytest

from mmcsod.datasets.instances import boxes_and_labels

BOX = {'bbox': [1, 2, 3, 4.5], 'bbox_label': 2}


def test_what_is_documented_is_read():
    boxes, labels = boxes_and_labels({'instances': [BOX, {'bbox': (0, 0, 9, 9), 'bbox_label': -1, 'ignore_flag': 1}]})
    np.testing.assert_array_equal(boxes, [[1, 2, 3, 4.5], [0, 0, 9, 9]])
    np.testing.assert_array_equal(labels, [2, -1])
    assert (boxes.dtype, labels.dtype) == (np.float64, np.int64)
    boxes, labels = boxes_and_labels({'instances': []})
    assert (boxes.shape, labels.shape) == ((0, 4), (0,))


@pytest.mark.parametrize(
    ('instances', 'message'),
    [
        (3, 'instances is 3'),
        ([7], 'not subscriptable'),
        ([{'bbox_label': 0}], 'bbox'),
        ([{'bbox': [1, 2, 3, 4]}], 'bbox_label'),
        ([{**BOX, 'bbox': [1, 2, 3]}], r'\[\[1, 2, 3\]\] is not four numbers'),
        ([{**BOX, 'bbox': [1, 2, 3]}, BOX], 'inhomogeneous'),
        ([{**BOX, 'bbox': [1, 2, 10**400, 4]}], 'four numbers'),
        ([{**BOX, 'bbox_label': None}], r'bbox_label of \[None\] is no whole number'),
        ([{**BOX, 'bbox_label': 0.5}], 'whole number'),
        ([{**BOX, 'bbox_label': 2**70}], 'whole number'),
    ],
)
def test_anything_else_is_an_error(instances, message):
    with pytest.raises((LookupError, TypeError, ValueError), match=message):
        boxes_and_labels({'instances': instances})
