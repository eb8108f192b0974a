"""What the methods from image classification share: image-level vectors, class by class in turn (section 4.2).

"The backbone feature was globally average pooled [...]. Similar to random selection, images were evenly chosen from
each class." An image that was selected at another class's turn counts as selected in every class it shows, as in
CSOD: the classes' states describe what the coreset holds.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Task
from mmcsod.selection.unit_rows import LARGEST
from mmcsod.util.errors import UserError


class ClassSelector(Protocol):
    """A method's state for the images of one class, which are numbered 0 to n - 1 in dataset order."""

    def best(self, left: np.ndarray) -> int:
        """Return the image to select next of those ``left``, ascending; at least one."""

    def select(self, image: int) -> None:
        """Take notice that an image is selected."""


def select_by_class(task: Task, make: Callable[[np.ndarray], ClassSelector]) -> Iterator[Pick]:
    """Select one image a class in turn, each class by a state made of its images' vectors, (n, e) float64."""
    pool, vectors = task.pool, _image_vectors(task.pool)
    members = {label: pool.images_of_class(label) for label in pool.labels}
    states = {label: make(vectors[images].astype(np.float64)) for label, images in members.items() if len(images)}

    def notice(image: int) -> None:
        for label in pool.labels_of_image(image):
            states[label].select(int(np.flatnonzero(members[label] == image)[0]))

    for image in task.included:
        notice(image)
    for label in task.rotation:
        left = np.flatnonzero(np.isin(members[label], task.rotation.candidates(label)))
        image = int(members[label][states[label].best(left)])
        notice(image)
        yield task.take(image, label)


def first_highest(values: np.ndarray, scale: float) -> int:
    """Return the first of (n,) values that are highest within float64 rounding, for sums of size ``scale``."""
    return int(np.argmax(values >= values.max() - 1e-12 * scale))


def _image_vectors(pool: Pool) -> np.ndarray:
    vectors = pool.bank.image_vectors
    if vectors is None:
        raise UserError(
            'This bank holds no vectors of whole images, which methods from image classification select '
            'on; extract it with mmcsod select, or give FeatureBank its image_vectors.'
        )
    pool.bank.check('image_vectors')
    wrong = np.flatnonzero(~(np.abs(vectors[pool.images]) < LARGEST).all(axis=1))  # NaN is not below either
    if len(wrong):
        raise UserError(
            f'The image vector of {pool.bank.images[pool.images[wrong[0]]]} has a value that is not '
            'finite, or too large; exclude the image or extract again.'
        )
    return vectors
