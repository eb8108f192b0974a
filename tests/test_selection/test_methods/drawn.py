"""A bank to draw from, and what was drawn."""

import numpy as np

from mmcsod import FeatureBank

CLASSES = ['cat', 'dog', 'owl']


def make_bank(presence, counts=None):
    """Return a bank of images named by their index, whose classes are the true entries of (D, C) ``presence``."""
    images, labels = np.nonzero(np.asarray(presence))
    order = np.argsort(labels, kind='stable')
    vectors = np.ones((len(images), 2), np.float32)
    bank = FeatureBank.from_arrays(vectors, images[order].astype(str), labels[order], CLASSES)
    if counts is not None:
        bank.rows['count'] = [counts[int(image)] for image in bank.image_ids]
    return bank


def labels_of(coreset):
    return [pick.label for pick in coreset.picks]


def objects_of(bank, coreset):
    return int(bank.rows['count'][np.isin(bank.image_ids, coreset.image_ids)].sum())
