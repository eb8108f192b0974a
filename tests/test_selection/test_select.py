import dataclasses
import logging
import warnings

import numpy as np
import pytest

from mmcsod import FeatureBank, UserError, select_coreset
from tests.test_selection.banks import make_bank
from tests.tool import run_script


@pytest.fixture
def bank():
    return make_bank()


def with_rows(bank):
    return {bank.images[image] for image in bank.rows['image']}


def test_the_record_says_what_was_done(bank):
    coreset = select_coreset(bank, num_images=5, lam='2N/D')
    num_pool = len(with_rows(bank))
    assert coreset.method == 'csod'
    assert coreset.classes == bank.classes
    assert coreset.provenance == {'detector': 'none'}
    assert coreset.parameters == {'num_images': 5, 'num_pool': num_pool, 'lam': 2 * 5 / num_pool, 'lam_rule': '2*N/D'}
    given = select_coreset(bank, num_images=5, lam='0.3', classes=['class 2', 'class 0'], include=['000.jpg'])
    assert given.parameters['lam'] == 0.3
    assert given.parameters['lam_rule'] == 'given'
    assert given.parameters['classes'] == ['class 0', 'class 2']
    assert given.parameters['num_included'] == 1


def test_more_than_there_are_takes_all_that_have_rows_and_says_so(caplog):
    bank = make_bank(unused=10)
    with caplog.at_level(logging.WARNING, 'mmcsod'):
        coreset = select_coreset(bank, num_images=1000)
    assert set(coreset.image_ids) == with_rows(bank)
    assert coreset.parameters['num_pool'] == len(with_rows(bank))
    assert f'1000 images were asked for and there are only {len(coreset)}' in caplog.text
    assert select_coreset(bank, num_images=1000, lam='2N/D').parameters['lam'] == 2


def test_classes_take_turns_once_however_often_they_are_named(bank):
    coreset = select_coreset(bank, num_images=12, turns='equal', classes=['class 3', 'class 1', 'class 3'])
    assert [pick.label for pick in coreset.picks] == [1, 3] * 6
    same_name = dataclasses.replace(bank, classes=('cat', 'cat', 'dog', 'emu'))
    assert [pick.label for pick in select_coreset(same_name, num_images=8, turns='equal').picks] == [0, 1, 2, 3] * 2
    cats = select_coreset(same_name, num_images=4, turns='equal', classes=['cat'])
    assert [pick.label for pick in cats.picks] == [0, 1] * 2


def test_numbers_of_numpy_are_numbers(bank, tmp_path):
    coreset = select_coreset(bank, num_images=np.int64(5), lam=np.float32(0.5))
    coreset.save(tmp_path / 'coreset.json')
    assert coreset == select_coreset(bank, num_images=5, lam=0.5)


def test_a_ratio_is_of_the_images_that_may_be_selected(bank):
    num_pool = len(with_rows(bank))
    coreset = select_coreset(bank, ratio=0.25, lam='2N/D')
    assert len(coreset) == round(0.25 * num_pool)
    assert coreset.parameters['lam'] == 2 * len(coreset) / num_pool
    assert len(select_coreset(bank, ratio=1e-9)) == 1
    assert len(select_coreset(bank, ratio=1)) == num_pool


def test_a_budget_of_objects_stops_before_exceeding_it(bank):
    counts = np.bincount(bank.rows['image'], bank.rows['count'])
    coreset = select_coreset(bank, num_objects=60, lam=0.1)
    objects = [counts[bank.images.index(image)] for image in coreset.image_ids]
    following = select_coreset(bank, num_images=len(coreset) + 1, lam=0.1)
    assert following.prefix(len(coreset)).picks == coreset.picks
    assert sum(objects) <= 60 < sum(objects) + counts[bank.images.index(following.image_ids[-1])]


def test_a_coreset_of_whole_rounds_grows_as_if_selected_at_once(bank):
    large = select_coreset(bank, num_images=20, lam=0.1)
    assert select_coreset(bank, num_images=20, lam=0.1, include=large.prefix(8)).image_ids == large.image_ids


def test_excluded_images_count_nowhere(bank):
    excluded = select_coreset(bank, num_images=6, lam=0.1).image_ids
    keep = ~np.isin(bank.image_ids, excluded)
    smaller = dataclasses.replace(bank, vectors=bank.vectors[keep], rows=bank.rows[keep])
    expected = select_coreset(smaller, num_images=12)
    coreset = select_coreset(bank, num_images=12, exclude=excluded)
    assert not set(coreset.image_ids) & set(excluded)
    assert [(p.image_id, p.label) for p in coreset.picks] == [(p.image_id, p.label) for p in expected.picks]
    assert coreset.parameters == expected.parameters


def test_row_order_matters_only_within_a_class(bank):
    order = np.argsort(bank.rows['image'], kind='stable')
    shuffled = dataclasses.replace(bank, vectors=bank.vectors[order], rows=bank.rows[order])
    assert select_coreset(shuffled, num_images=15).picks == select_coreset(bank, num_images=15).picks


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'num_images': 1, 'include': ['001.jpg', '002.jpg']}, '2 images are included .* more than the budget'),
        ({'num_images': 3, 'method': 'csod-objectwise'}, 'extract again with --keep-objects'),
        ({'num_objects': 1, 'lam': 1e10}, 'The first image alone has more than 1 objects'),
        ({'num_images': 1, 'exclude': make_bank().images}, 'There is no image to select'),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(bank, options, message):
    with pytest.raises(UserError, match=message):
        select_coreset(bank, **options)


def test_stage_2_imports_no_detector():
    code = (
        'import sys, numpy as np; from mmcsod import FeatureBank, select_coreset; import mmcsod.commands.selection;'
        'bank = FeatureBank.from_arrays(np.eye(3), "abc", [0, 0, 1], ["x", "y"]); select_coreset(bank, 2);'
        'print([m for m in ("mmdet", "mmcv", "mmengine", "torch", "faiss", "scipy") if m in sys.modules])'
    )
    assert run_script('-c', code).stdout.strip() == '[]'


def test_a_signalling_nan_is_refused_without_a_warning():
    vectors = np.ones((3, 2), np.float32)
    vectors.view(np.uint32)[1, 0] = 0x7FA00000
    bank = FeatureBank.from_arrays(vectors, ['a', 'b', 'c'], [0, 0, 0], ['x'])
    with warnings.catch_warnings(), pytest.raises(UserError, match="image 'b', class 'x', holds NaN"):
        warnings.simplefilter('error')
        select_coreset(bank, num_images=2)
