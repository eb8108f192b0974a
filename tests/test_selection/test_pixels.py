import numpy as np
import pytest

from mmcsod.selection.pixels import details, leaks, same_place


def scenes(number, seed=0, side=40):
    """Smooth pictures, larger than 32 so that a shift shows what was outside."""
    cells = np.random.default_rng(seed).normal(size=(number, side, side))
    smooth = (cells + np.roll(cells, 1, 1) + np.roll(cells, 1, 2) + np.roll(cells, (1, 1), (1, 2))) / 4
    return np.clip(128 + 70 * smooth, 0, 255).astype(np.uint8)


def cut(pictures, down=0, right=0):
    return pictures[:, 4 + down : 36 + down, 4 + right : 36 + right]


@pytest.mark.parametrize(('down', 'right'), [(0, 0), (3, -3), (-2, 1)])
def test_a_shifted_picture_is_found_again(down, right):
    pool, again = scenes(10), scenes(10)[[7, 3, 9]]
    assert leaks(cut(pool), cut(again, down, right)).tolist() == [7, 3, 9]
    assert same_place(details(cut(pool)[[7, 3]]), details(cut(again, down, right)[:2])).all()


def test_exposure_and_shade_do_not_matter():
    shade = np.linspace(0.4, 0.9, 32)
    assert leaks(cut(scenes(5)), (cut(scenes(5)[2:3]) * shade).astype(np.uint8)).tolist() == [2]


def test_other_pictures_and_pictures_of_one_colour_are_like_nothing():
    assert leaks(cut(scenes(50)), cut(scenes(50, seed=1))).tolist() == [-1] * 50
    blank = np.zeros((2, 32, 32), np.uint8)
    assert leaks(blank, blank).tolist() == [-1, -1]


def test_another_object_on_the_same_ground_is_one_place_and_no_leak():
    ground = cut(scenes(1))
    other = ground.copy()
    other[:, 10:15, 10:15] = 255 - other[:, 10:15, 10:15]
    assert same_place(details(ground), details(other)).tolist() == [True]
    assert leaks(ground, other).tolist() == [-1]


def test_nothing_leaks_from_or_into_no_images():
    none = np.zeros((0, 32, 32), np.uint8)
    assert leaks(none, cut(scenes(2))).tolist() == [-1, -1]
    assert leaks(cut(scenes(2)), none).tolist() == []
    assert same_place(details(none), details(none)).tolist() == []
