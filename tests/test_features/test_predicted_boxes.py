"""Predicted boxes in place of ground truth: the same rows as from annotations that say the same."""

import json

import numpy as np
import pytest

from mmcsod import select_coreset
from mmcsod.features.options import ExtractionOptions
from mmcsod.util.errors import UserError

from .conftest import build, extract, small_config, write_coco


@pytest.fixture
def root(tmp_path):
    """Four images whose annotations are also there as predictions; every image has a box of a low score, too."""
    write_coco(tmp_path, 4)
    content = json.loads((tmp_path / 'train.json').read_text())
    found = [
        {'image_id': a['image_id'], 'category_id': a['category_id'], 'bbox': a['bbox'], 'score': 0.3 + 0.05 * n}
        for n, a in enumerate(content['annotations'])
    ]
    found += [{'image_id': n, 'category_id': 1, 'bbox': [1, 2, 30, 40], 'score': 0.29} for n in range(4)]
    (tmp_path / 'found.json').write_text(json.dumps(found))
    return tmp_path


def extract_from(root, name, **options):
    cfg = small_config(root)
    return extract(build(cfg), cfg, root / name, ExtractionOptions(num_workers=0, **options))


def test_rows_are_those_of_annotations_that_say_the_same(root):
    labelled = extract_from(root, 'labelled')
    content = json.loads((root / 'train.json').read_text())
    (root / 'train.json').write_text(json.dumps({**content, 'annotations': []}))
    predicted = extract_from(root, 'predicted', predictions=str(root / 'found.json'))
    np.testing.assert_array_equal(predicted.rows, labelled.rows)
    np.testing.assert_allclose(predicted.vectors, labelled.vectors, atol=1e-6)
    fewer = extract_from(root, 'fewer', predictions=str(root / 'found.json'), score_threshold=0.5)
    assert 0 < fewer.rows['count'].sum() == (0.3 + 0.05 * np.arange(len(content['annotations'])) >= 0.5).sum()
    assert labelled.prediction_scores is None
    scores = predicted.prediction_scores
    np.testing.assert_allclose(scores['score'], 0.3 + 0.05 * np.arange(len(scores)), atol=1e-6)
    np.testing.assert_array_equal(scores[['image', 'label']], predicted.objects[['image', 'label']])
    # An image without a prediction is not picked, but can be what is labelled already.
    empty = sorted(set(fewer.images) - set(fewer.image_ids))
    assert empty
    assert empty[0] not in select_coreset(fewer, num_images=2).image_ids
    assert select_coreset(fewer, num_images=2, include=empty[:1]).image_ids[0] == empty[0]


def test_ground_truth_of_labelled_images_counts(root):
    content = json.loads((root / 'train.json').read_text())
    last = content['images'][-1]
    box = {'category_id': 1, 'bbox': [1, 2, 30, 40], 'score': 0.9}
    (root / 'found.json').write_text(json.dumps([{'image_id': image['id'], **box} for image in content['images']]))
    plain = extract_from(root, 'plain', predictions=str(root / 'found.json'))
    labelled = [image for image in plain.images if image.endswith(last['file_name'])]
    bank = extract_from(root, 'bank', predictions=str(root / 'found.json'), labelled=tuple(labelled))
    objects = np.bincount(bank.objects['image'], minlength=4)
    own = sum(one['image_id'] == last['id'] for one in content['annotations'])
    assert own > 1
    assert objects.tolist() == [1, 1, 1, own]
    assert bank.prediction_scores['image'].tolist() == [0, 1, 2]  # ground truth has no score


def test_a_bank_of_other_scores_is_not_reused(root):
    extract_from(root, 'bank', predictions=str(root / 'found.json'))
    found = json.loads((root / 'found.json').read_text())
    (root / 'found.json').write_text(json.dumps([{**one, 'score': min(1, one['score'] * 1.001)} for one in found]))
    with pytest.raises(UserError, match='another list of scores in --predictions'):
        extract_from(root, 'bank', predictions=str(root / 'found.json'), score_threshold=0.3)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'image_id': 99}, r'2 predictions of images that are not listed \(prediction 1: image_id 99'),
        ({'category_id': 7}, '2 predictions of categories .*: category_id 7'),
        ({'score': 0.1}, r'Not one of the 2 boxes .* has a score of 0.3 or more; give a lower --score-threshold'),
        ({'bbox': [1, 2, 3]}, r'2 objects whose bbox is not four numbers \(prediction 1 in .*: bbox \[1, 2, 3\]'),
        ({'score': 'high'}, 'score is not from 0 to 1 .*score "high"'),
        ({'score': 90}, 'divide percentages by 100'),
        ({'file_name': '7.png'}, r'image_id 1 is .*, not "7.png"'),
    ],
)
def test_predictions_of_something_else_are_one_sentence(change, message, root):
    box = {'image_id': 1, 'category_id': 1, 'bbox': [1, 2, 30, 40], 'score': 0.9, **change}
    (root / 'found.json').write_text(json.dumps([box, box]))
    with pytest.raises(UserError, match=message):
        extract_from(root, 'bank', predictions=str(root / 'found.json'))
    assert not list(root.glob('bank*'))
