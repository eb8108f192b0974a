import json
import math

import pytest

from .labels import PLAIN, broken, check, counts


def box(*values):
    return lambda content: content['annotations'][0].update(bbox=list(values))


@pytest.mark.parametrize(
    ('value', 'says'),
    [
        (None, 'bbox null'),
        ([], r'bbox \[\]'),
        ([1, 2, 3, 4, 0.9], '0.9'),
        (['1', '2', '3', '4'], '"1"'),
        ([True, 2, 3, 4], 'true'),
        ({'x': 1}, '"x"'),
        ([1, 2, 10**400, 4], '1000'),
    ],
)
def test_what_is_not_four_numbers_stops(value, says):
    labels = check(broken(lambda content: content['annotations'][0].update(bbox=value)))
    assert counts(labels) == {'odd box': 1}
    with pytest.raises(AssertionError, match=says):
        raise AssertionError(str(labels.findings[0]))


@pytest.mark.parametrize('value', [math.nan, math.inf])
def test_what_is_not_finite_is_left_out(value):
    labels = check(broken(box(1, 2, value, 4)))
    assert counts(labels) == {'not finite': 1}
    assert labels.content['annotations'] == PLAIN['annotations'][1:]
    assert labels.is_changed


def test_a_file_whose_boxes_are_all_infinite():
    labels = check(broken(lambda content: [one.update(bbox=[1, 2, math.inf, 4]) for one in content['annotations']]))
    assert counts(labels) == {'not finite': 9, 'no usable box': 1}


@pytest.mark.parametrize(
    ('values', 'kind'),
    [
        ((5, 5, 0, 9), 'no area'),
        ((5, 5, 9, -3), 'no area'),
        ((5, 5, 0.5, 9), 'no area'),
        ((160, 5, 9, 9), 'outside'),
        ((5, -9, 9, 9), 'outside'),
        ((5, 5, 1e9, 1e9), 'huge'),
        ((150, 5, 20, 9), 'beyond the edge'),
    ],
)
def test_what_mmdetection_leaves_out_or_cuts_is_counted(values, kind):
    labels = check(broken(box(*values)))
    assert counts(labels) == {kind: 1}
    assert not labels.is_changed
    assert 'annotation 1 in 2.png: bbox' in str(labels.findings[0])


@pytest.mark.parametrize('value', [2, '1', [0]])
def test_a_crowd_is_0_or_1(value):
    labels = check(broken(lambda content: content['annotations'][0].update(iscrowd=value)))
    assert counts(labels) == {'odd iscrowd': 1}
    assert f'annotation 1 in 2.png: iscrowd {json.dumps(value)}' in str(labels.findings[0])


def test_a_box_may_touch_the_edge_or_pass_it_by_rounding():
    assert not check(broken(box(0, 0, 160, 120))).findings
    assert not check(broken(box(-0.5, 0, 161, 121))).findings


def test_corners_in_place_of_width_and_height_are_told_by_most_boxes():
    def change(content):
        content['annotations'] = [{**one, 'id': None} for one in content['annotations'] * 2]
        for one in content['annotations'][1:]:
            x, y, width, height = one['bbox']
            one['bbox'] = [x, y, x + width, y + height]

    assert counts(check(broken(change)))['corners'] == 18


@pytest.mark.parametrize('values', [{'bbox': [5, 5, 0, 9]}, {'bbox': [200, 5, 9, 9]}, {'iscrowd': 1}, {'ignore': 1}])
def test_a_file_without_a_box_to_learn_from(values):
    def change(content):
        for one in content['annotations']:
            one.update(values)

    labels = check(broken(change))
    assert counts(labels)['no usable box'] == 1
    assert '9' in str(labels.findings[-1])


def test_shares_in_place_of_pixels():
    def change(content):
        for one in content['annotations']:
            one['bbox'] = [-0.001, 0.2, one['id'] / 20, 1]

    assert counts(check(broken(change))) == {'shares': 9}


def test_an_object_listed_again_under_another_id():
    labels = check(broken(lambda content: content['annotations'].append({**content['annotations'][0], 'id': 50})))
    (finding,) = labels.findings
    assert (finding.kind, finding.examples) == ('object twice', ('annotation 50 in 2.png: bbox [61, 50, 26, 30]',))


def test_polygons_area_and_crowd_are_filled_in():
    def change(content):
        first, second, third = content['annotations'][:3]
        first.update(bbox=[], segmentation=[[70, 50, 80, 50, 80, 90]], area=None)
        del second['area'], third['iscrowd']
        third['area'] = 0

    labels = check(broken(change))
    assert counts(labels) == {'box of mask': 1, 'iscrowd': 1, 'area': 3}
    assert labels.content['annotations'][0]['bbox'] == [70, 50, 10, 40]
    assert [one['area'] for one in labels.content['annotations'][:3]] == [400, 780, 780]
    assert labels.content['annotations'][2]['iscrowd'] == 0


RUNS = {'size': [4, 5], 'counts': [5, 2, 2, 2, 9]}  # two columns of two rows, down each column in turn
PACKED = {'size': [4, 5], 'counts': '52207'}  # the same, compressed
ODD_MASKS = [
    [],
    [[1, 2, 3, 'a', 5, 6]],
    {'size': [1, 1], 'counts': 'x'},
    {'size': [4, 5], 'counts': 'oooooooooo'},  # it does not end
    {'size': [4, 5], 'counts': [5, 2]},
    {'size': [4, 5], 'counts': [20]},
    {'size': ['4', 5], 'counts': '52207'},
]


@pytest.mark.parametrize('runs', [RUNS, PACKED])
def test_the_runs_of_a_mask_give_its_box(runs):
    labels = check(broken(lambda content: content['annotations'][0].update(bbox=None, area=None, segmentation=runs)))
    assert counts(labels) == {'box of mask': 1, 'area': 1}
    assert labels.content['annotations'][0]['bbox'] == [1, 1, 2, 2]


@pytest.mark.parametrize('mask', ODD_MASKS)
def test_what_is_no_mask_gives_no_box(mask):
    labels = check(broken(lambda content: content['annotations'][0].update(bbox=None, segmentation=mask)))
    assert counts(labels) == {'odd box': 1}


@pytest.mark.parametrize('size', [(-1, -1), (None, None), ('160', '120'), (16, 12)])
def test_an_impossible_size_is_that_of_the_image(size):
    change = lambda content: content['images'][0].update(width=size[0], height=size[1])  # noqa: E731
    labels = check(broken(change), lambda name: (160, 120))
    assert counts(labels) == {'size': 1}
    assert labels.content == PLAIN


def test_an_image_that_cannot_tell_its_size_either():
    assert counts(check(broken(lambda content: content['images'][0].pop('width')))) == {'no size': 1}
