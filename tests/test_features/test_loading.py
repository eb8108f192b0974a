"""Samples pass between processes without shared memory, and no process that loads them hangs or dies unheard."""

import os
import time
from multiprocessing.reduction import ForkingPickler

import numpy as np
import pytest
import torch

from mmcsod.features import loading
from mmcsod.features.dataset import ExtractionDataset, Sample
from mmcsod.util.errors import UserError
from tests.tool import open_files


class Odd(torch.utils.data.Dataset):
    """Gives one sample, then does what it was told."""

    def __init__(self, second):
        self.second = second

    def __getitem__(self, index):
        if index:
            self.second()
        return Sample(index, np.zeros((3, 4, 5), np.uint8), None, np.zeros((0, 4)))


def test_no_tensor_goes_through_shared_memory(cfg, monkeypatch):
    images = ExtractionDataset(cfg)
    alone = list(loading.load_samples(images, range(4), 0, 1))

    def refuse(tensor):
        raise AssertionError('a tensor in shared memory')

    for kind in [kind for kind in ForkingPickler._extra_reducers if issubclass(kind, torch.Tensor)]:
        monkeypatch.setitem(ForkingPickler._extra_reducers, kind, refuse)
    shared = list(loading.load_samples(images, range(4), 1, 2))
    assert [sample.index for sample in shared] == [0, 1, 2, 3]
    for one, other in zip(alone, shared, strict=True):
        np.testing.assert_array_equal(one.inputs, other.inputs)
        np.testing.assert_array_equal(one.boxes, other.boxes)
        assert one.data_sample.metainfo.keys() == other.data_sample.metainfo.keys()


@pytest.mark.parametrize('second', [lambda: os.kill(os.getpid(), 9), lambda: time.sleep(60)], ids=['dies', 'hangs'])
def test_a_process_that_dies_or_hangs_is_one_sentence(second, monkeypatch):
    monkeypatch.setattr(loading, 'PATIENCE', 2)
    samples = loading.load_samples(Odd(second), range(3), 1, 1)
    assert next(samples).index == 0
    with pytest.raises(UserError, match=r'The processes that load images failed .*--num-workers'):
        next(samples)


def test_too_few_files_are_one_sentence_before_anything_is_started():
    message = r'takes up to 80 more files open, and the system allows 64, of which'
    with open_files(64), pytest.raises(UserError, match=message):
        next(loading.load_samples(Odd(None), range(3), 16, 1))
