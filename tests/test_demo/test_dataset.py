"""The demo's dataset on disk."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from pycocotools.coco import COCO

from mmcsod import UserError
from mmcsod.demo.dataset import Recipe, _bursts, render_dataset
from mmcsod.demo.parts import CLASSES

SMALL = Recipe(train_images=14, test_images=3, longest_burst=4)


def contents(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob('*') if path.is_file()}


def test_the_same_bytes_whatever_the_number_of_workers(tmp_path):
    first = render_dataset(tmp_path / 'a', SMALL, workers=1)
    second = render_dataset(tmp_path / 'b', SMALL, workers=2)
    assert contents(first) == contents(second)


def test_coco_reads_it_and_every_image_has_1_to_12_objects(tmp_path):
    directory = render_dataset(tmp_path / 'data', SMALL)
    for split, size in (('train', 14), ('test', 3)):
        coco = COCO(directory / 'annotations' / f'{split}.json')
        assert len(coco.imgs) == size
        assert [category['name'] for category in coco.loadCats(coco.getCatIds())] == list(CLASSES)
        for image in coco.imgs.values():
            assert (directory / split / image['file_name']).is_file()
            assert 1 <= len(coco.getAnnIds(image['id'])) <= 12


def test_a_rendered_folder_is_taken_as_it_is_and_another_one_refused(tmp_path):
    directory = render_dataset(tmp_path / 'data', SMALL)
    marker = directory / 'train' / 'marker'
    marker.touch()
    render_dataset(directory, SMALL)
    assert marker.exists()
    with pytest.raises(UserError, match='is not this demo dataset'):
        render_dataset(directory, Recipe(train_images=5, test_images=1))
    (tmp_path / 'mine').mkdir()
    with pytest.raises(UserError, match='is not this demo dataset'):
        render_dataset(tmp_path / 'mine', SMALL)


def test_training_images_come_in_bursts_and_test_images_do_not():
    recipe = Recipe()
    train = list(_bursts('train', recipe.train_images, recipe.longest_burst, recipe.seed))
    assert sum(burst.num_frames for burst in train) == recipe.train_images
    assert max(burst.num_frames for burst in train) == recipe.longest_burst
    assert len(train) < recipe.train_images / 3
    test = list(_bursts('test', recipe.test_images, 1, recipe.seed))
    assert len(test) == recipe.test_images


@pytest.mark.slow
def test_the_default_dataset_is_imbalanced_ten_to_one(tmp_path):
    annotations = json.loads((render_dataset(tmp_path / 'data') / 'annotations' / 'train.json').read_text())
    counts = Counter(annotation['category_id'] for annotation in annotations['annotations'])
    assert len(counts) == len(CLASSES)
    assert 9 < max(counts.values()) / min(counts.values()) < 12
    per_image = Counter(annotation['image_id'] for annotation in annotations['annotations'])
    assert set(range(1, 601)) == set(per_image)
    assert (min(per_image.values()), max(per_image.values())) == (1, 12)
