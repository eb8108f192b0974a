import json

import numpy as np
from mmdet.registry import DATASETS

from mmcsod.datasets.images import check_images, size_warnings

from .conftest import coco_leaf


def test_sizes_that_differ_are_one_sentence_a_cause():
    labelled = np.array([(160, 120), (160, 120), (-1, -1), (16, 12), (160, 120)])
    decoded = np.array([(160, 120), (120, 160), (160, 120), (160, 120), (0, 0)])
    impossible, swapped, resized = size_warnings('abcde', labelled, decoded)
    assert impossible.startswith('1 images have another size than their annotations say (c: -1 x -1, not 160 x 120)')
    assert 'b: 160 x 120, not 120 x 160' in swapped
    assert 'EXIF' in swapped
    assert 'd: 16 x 12, not 160 x 120' in resized
    assert not list(size_warnings('ab', labelled[:1], decoded[:1]))


def test_labels_of_a_resized_copy_are_told_unless_sizes_are_known(coco_root, tmp_path):
    content = json.loads((coco_root / coco_leaf(coco_root)['ann_file']).read_text())
    for image in content['images']:
        image['width'] *= 2
    (tmp_path / 'resized.json').write_text(json.dumps(content))
    dataset = DATASETS.build(coco_leaf(coco_root, ann_file=str(tmp_path / 'resized.json'), test_mode=True))
    (warning,) = check_images(dataset, 'validation')
    assert warning.startswith('Of 20 validation images looked at, 20 images have another size')
    assert check_images(dataset, 'validation', sizes_are_known=True) == []
    assert check_images(DATASETS.build(coco_leaf(coco_root, test_mode=True)), 'validation') == []
