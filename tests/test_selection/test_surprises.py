import numpy as np
import pytest

from mmcsod import FeatureBank, select_coreset
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.select import run_selection

CLASSES = ('a', 'b', 'c', 'd', 'nothing')


@pytest.fixture
def bank():
    vectors = np.random.default_rng(0).normal(size=(20, 32)).astype(np.float32)
    return FeatureBank.from_arrays(vectors, [f'{index}.jpg' for index in range(20)], np.arange(20) % 4, CLASSES)


def test_a_class_without_objects_and_too_few_picks_are_said(bank, caplog):
    select_coreset(bank, num_images=3)
    assert 'No image that may be selected has an object of nothing; these classes are skipped.' in caplog.text
    assert '3 images cannot cover 4 classes; none was selected for d.' in caplog.text


def test_nothing_is_said_of_what_is_as_expected(bank, caplog):
    select_coreset(bank, num_images=8, classes=['a', 'b'])
    select_coreset(bank, num_images=6, classes=['a', 'b', 'c', 'd'], include=['0.jpg', '1.jpg', '2.jpg', '3.jpg'])
    assert not [record for record in caplog.records if record.levelname == 'WARNING']


def test_options_that_a_method_does_not_read_are_said(bank, caplog):
    select_coreset(bank, num_images=8, classes=['a', 'b'], method='csod-logdet', lam=0.7)
    select_coreset(bank, num_images=8, classes=['a', 'b'], method='stride', turns='sqrt')
    assert [record.getMessage() for record in caplog.records if record.levelname == 'WARNING'] == [
        "lam is given and not used: the method 'csod-logdet' has none.",
        "turns is given and not used: the method 'stride' has no class round-robin.",
    ]


def test_fewer_images_than_asked_for_and_near_duplicates_are_said_too(bank):
    vectors = np.array(bank.vectors)
    vectors[4] = vectors[0]
    twice = FeatureBank.from_arrays(vectors, bank.images, bank.labels, CLASSES[:4])
    warnings = run_selection(twice, SelectionOptions(30)).warnings
    assert warnings[0] == '30 images were asked for and there are only 20: all of them are selected.'
    assert warnings[1].startswith('1 of 20 images are near-duplicates of an earlier selected image')
    assert len(warnings) == 2
