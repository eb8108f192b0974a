"""The rendered scenes: boxes that fit what is seen, bursts of near-duplicates, the same pixels from the same seed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mmcsod.demo.parts import CLASSES, KINDS, Part, paint
from mmcsod.demo.scenes import HEIGHT, MOST_PARTS, WIDTH, shoot


def part(name, **changes):
    values = {
        'label': CLASSES.index(name),
        'x': 60.0,
        'y': 50.0,
        'length': 40.0,
        'angle': 0.3,
        'velocity': (0.0, 0.0),
        'seed': 5,
    }
    return Part(**{**values, **changes})


def draw(*parts):
    canvas = np.full((200, 240, 3), 128, np.float32)
    owner = np.full((200, 240), -1, np.int32)
    areas = [paint(canvas, owner, each, number, 2) for number, each in enumerate(parts)]
    return canvas, owner, areas


@pytest.mark.parametrize('name', CLASSES)
def test_a_part_is_as_long_as_it_says_and_lies_where_it_says(name):
    _, owner, areas = draw(part(name, angle=0.0))
    rows, columns = np.nonzero(owner == 0)
    assert (columns.max() + 1 - columns.min()) / 2 == pytest.approx(40, abs=1.5)
    assert (columns.max() + 1 + columns.min()) / 4 == pytest.approx(60, abs=1.5)
    assert (rows.max() + 1 + rows.min()) / 4 == pytest.approx(50, abs=1.5)
    assert areas == [len(rows)]


def test_the_upper_part_hides_the_lower_one():
    _, alone, (area,) = draw(part('chip'))
    _, owner, areas = draw(part('chip'), part('battery', x=70.0))
    assert areas[0] == area  # what it covers does not depend on what is laid over it
    assert (owner == 0).sum() < (alone == 0).sum()
    assert (owner == 1).sum() == areas[1]


def test_a_part_outside_the_canvas_changes_nothing():
    canvas, owner, _ = draw(part('key', x=-300.0))
    assert (canvas == 128).all()
    assert (owner == -1).all()


def test_frames_of_a_burst_are_near_duplicates_and_other_scenes_are_not():
    burst = [frame.image.astype(float) for frame in shoot((3, 1), 4)]
    other = next(shoot((3, 2), 1)).image.astype(float)
    within = max(np.abs(a - b).mean() for a, b in pairwise(burst))
    assert 0 < within < 0.5 * np.abs(burst[0] - other).mean()


def test_boxes_lie_in_the_image_and_move_with_the_camera():
    for seed in range(12):
        for frame in shoot((4, seed), 3):
            assert frame.image.shape == (HEIGHT, WIDTH, 3)
            assert frame.image.dtype == np.uint8
            assert 0 < len(frame.boxes) == len(frame.labels) <= MOST_PARTS
            assert (frame.boxes[:, :2] >= 0).all()
            assert (frame.boxes[:, 2:] <= (WIDTH, HEIGHT)).all()
            assert (frame.boxes[:, 2:] > frame.boxes[:, :2]).all()


def test_no_box_is_longer_than_its_kind_of_part_grows():
    for seed in range(4):
        frame = next(shoot((9, seed), 1))
        longest = np.array([KINDS[CLASSES[label]].length[1] for label in frame.labels])
        sides = (frame.boxes[:, 2:] - frame.boxes[:, :2]).max(axis=1)
        assert (sides <= 1.15 * longest).all()  # a square part on its corner is longer than its side


def test_the_same_seed_gives_the_same_frames():
    first, second = (list(shoot((0, 5), 2)) for _ in range(2))
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a.image, b.image)
        assert np.array_equal(a.boxes, b.boxes)
