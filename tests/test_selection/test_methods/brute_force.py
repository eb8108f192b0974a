"""Brute force over the functions that the methods from image classification optimise."""

import numpy as np

from mmcsod import FeatureBank, select_coreset
from mmcsod.records.bank import ROW_DTYPE
from tests.test_selection.naive_rules import class_round_robin


def make_bank(presence, vectors):
    """Return a bank of images named by their index, whose classes are the true entries of (D, C) ``presence``."""
    labels, images = np.nonzero(np.asarray(presence).T)
    rows = np.ones(len(images), ROW_DTYPE)
    rows['image'], rows['label'] = images, labels
    return FeatureBank(
        vectors=np.ones((len(rows), 2), np.float32),
        rows=rows,
        images=tuple(f'{i:03}' for i in range(len(presence))),
        classes=tuple(str(c) for c in range(np.shape(presence)[1])),
        image_vectors=np.asarray(vectors, np.float32),
    )


def random_bank(seed, num_images=40, num_classes=4, nonnegative=True):
    rng = np.random.default_rng(seed)
    presence = rng.random((num_images, num_classes)) < 0.35
    presence[np.arange(num_images), rng.integers(num_classes, size=num_images)] = True
    vectors = rng.normal(0.5, 1, (num_images, 5)).astype(np.float32)
    return presence, (np.abs(vectors) if nonnegative else vectors)


def brute_force(presence, vectors, num_images, value, included=()):
    """Pick, a class in turn, the first image x of the highest value(class, A + x), A the class's selected images."""
    labels, images = np.nonzero(presence.T)

    def best_of(whole, left, chosen):
        members, selected = vectors[images[whole]], vectors[images[np.array(chosen, int)]]
        scores = [value(members, np.array([*selected, vectors[images[i]]], np.float64)) for i in left]
        return left[int(np.argmax(np.array(scores) >= max(scores) - 1e-10))]

    picks = class_round_robin(images.tolist(), labels, presence.shape[1], num_images, best_of, included)
    return [*included, *(int(images[row]) for row, _ in picks)], [label for _, label in picks]


def assert_equals_brute_force(method, value, seed, **options):
    presence, vectors = random_bank(seed, nonnegative=seed % 2 == 0)
    coreset = select_coreset(make_bank(presence, vectors), num_images=23, method=method, include=['004'], **options)
    expected, labels = brute_force(presence, vectors.astype(np.float64), 23, value, included=[4])
    assert [int(image) for image in coreset.image_ids] == expected
    assert [pick.label for pick in coreset.picks[1:]] == labels
