"""The rendered scenes: the same bytes from the same seed, bursts of near-duplicates, boxes that fit what is seen."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pycocotools.coco import COCO

from mmcsod import UserError
from mmcsod.util.config import load_config

sys.path.insert(0, str(Path(__file__).parents[2] / 'tools' / 'dev'))

from render_scenes import Recipe, _bursts, render_dataset
from rendered.parts import CLASSES, Part, paint
from rendered.scenes import HEIGHT, MOST_PARTS, WIDTH, shoot

SMALL = Recipe(train_images=5, test_images=2, longest_burst=3)


def part(name, **changes):
    values = {'label': CLASSES.index(name), 'x': 60.0, 'y': 50.0, 'length': 40.0, 'angle': 0.0}
    return Part(**{**values, 'velocity': (0.0, 0.0), 'seed': 5, **changes})


def draw(*parts):
    canvas = np.full((200, 240, 3), 128, np.float32)
    owner = np.full((200, 240), -1, np.int32)
    areas = [paint(canvas, owner, each, number, 2) for number, each in enumerate(parts)]
    return canvas, owner, areas


def contents(directory):
    return {path.relative_to(directory): path.read_bytes() for path in directory.rglob('*') if path.is_file()}


def test_the_same_bytes_whatever_the_number_of_workers(tmp_path):
    render_dataset(tmp_path / 'a', SMALL, workers=1)
    render_dataset(tmp_path / 'b', SMALL, workers=2)
    assert contents(tmp_path / 'a') == contents(tmp_path / 'b')
    for split, size in (('train', 5), ('test', 2)):
        coco = COCO(tmp_path / 'a' / 'annotations' / f'{split}.json')
        assert [category['name'] for category in coco.loadCats(coco.getCatIds())] == list(CLASSES)
        assert len(coco.imgs) == size
        assert all((tmp_path / 'a' / split / image['file_name']).is_file() for image in coco.imgs.values())
    with pytest.raises(UserError, match='exists; remove it'):
        render_dataset(tmp_path / 'a', SMALL)


def test_the_config_names_the_rendered_classes():
    assert tuple(load_config('mmcsod::demo/faster-rcnn_r18-w16_fpn_demo.py').classes) == CLASSES


def test_training_images_come_in_bursts_and_test_images_do_not():
    train = list(_bursts('train', 600, 8, 0))
    assert (len(train), sum(burst.num_frames for burst in train)) == (138, 600)
    assert len(list(_bursts('test', 150, 1, 0))) == 150


@pytest.mark.parametrize('name', CLASSES)
def test_a_part_is_as_long_as_it_says_and_lies_where_it_says(name):
    _, owner, areas = draw(part(name))
    rows, columns = np.nonzero(owner == 0)
    assert (columns.max() + 1 - columns.min()) / 2 == pytest.approx(40, abs=1.5)
    assert (columns.max() + 1 + columns.min()) / 4 == pytest.approx(60, abs=1.5)
    assert areas == [len(rows)]


def test_the_upper_part_hides_the_lower_one():
    _, alone, (area,) = draw(part('chip'))
    _, owner, areas = draw(part('chip'), part('battery', x=70.0))
    assert areas == [area, (owner == 1).sum()]  # what the chip covers does not depend on what is laid over it
    assert (owner == 0).sum() < (alone == 0).sum()


def test_frames_of_a_burst_are_near_duplicates_and_boxes_lie_in_them():
    burst = list(shoot((3, 1), 4))
    other = next(shoot((3, 2), 1)).image.astype(float)
    within = max(np.abs(a.image.astype(float) - b.image).mean() for a, b in pairwise(burst))
    assert 0 < within < 0.5 * np.abs(burst[0].image - other).mean()
    for frame in burst:
        assert frame.image.shape == (HEIGHT, WIDTH, 3)
        assert 0 < len(frame.boxes) == len(frame.labels) <= MOST_PARTS
        assert (frame.boxes[:, :2] >= 0).all() and (frame.boxes[:, 2:] <= (WIDTH, HEIGHT)).all()
