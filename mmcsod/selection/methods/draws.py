"""The paper's random selections (sections 4.2 and 4.3), and the one that takes the fullest images."""

from collections.abc import Iterator

import numpy as np

from mmcsod.records.coreset import Pick
from mmcsod.selection.pool import Pool
from mmcsod.selection.registry import Method, Task, register_method
from mmcsod.util.errors import UserError

MAX_DRAWS = 1000


@register_method('uniform')
class Uniform(Method):
    """Draw one image a class in turn, no image twice: the paper's "Random" (section 4.2)."""

    uses = ('seed',)

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        for label in task.rotation:
            yield task.take(int(task.rng.choice(task.rotation.candidates(label))), label)


@register_method('ratio')
class Ratio(Method):
    """Draw as ``uniform`` does, but give classes turns in proportion to the images they are in (section 4.3).

    The next turn goes to the class with the highest images / (2 * turns + 1), the divisor method of Sainte-Lague,
    so that every prefix is as proportional as whole images can be.
    """

    uses = ('seed',)
    by_class = False

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        share = {label: len(task.pool.images_of_class(label)) for label in task.pool.labels}
        turns = dict.fromkeys(share, 0)
        while share:
            label = max(share, key=lambda label: share[label] / (2 * turns[label] + 1))
            candidates = task.rotation.candidates(label)
            if len(candidates):
                turns[label] += 1
                yield task.take(int(task.rng.choice(candidates)), label)
            else:
                del share[label]


@register_method('max')
class MostObjects(Method):
    """Take, class by class in turn, the image with the most objects of whatever class: "# max" (section 4.3)."""

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        for label in task.rotation:
            candidates = task.rotation.candidates(label)
            yield task.take(int(candidates[np.argmax(task.pool.object_counts[candidates])]), label)


@register_method('full')
class Full(Method):
    """Draw from all images at once, again until every class appears: "Full random" (section 4.3)."""

    uses = ('seed',)
    by_class = False
    nested = False

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        for image in _draw_every_class(task):
            yield task.take(int(image))


@register_method('stride')
class Stride(Method):
    """Take every k-th image of the pool, k = D / N: systematic sampling (Madow and Madow, Ann. Math. Stat. 1944).

    Of D images that are left the i-th of N is number floor(i D / N), from 0: the first image is always taken.
    """

    by_class = False
    nested = False

    def select(self, task: Task) -> Iterator[Pick]:
        """See :meth:`Method.select`."""
        images = task.rotation.candidates()
        number = max(0, min(len(images), task.target - len(task.included)))
        for place in np.arange(number) * len(images) // max(1, number):
            left = task.rotation.candidates()
            if not len(left):  # the cap on recordings has barred the others
                break
            after = np.searchsorted(left, images[place])
            yield task.take(int(left[after % len(left)]))


def _draw_every_class(task: Task) -> np.ndarray:
    shows = _shown_classes(task.pool)
    included = shows[list(task.included)].any(axis=0)
    number = task.target - len(task.included)
    for _ in range(MAX_DRAWS):
        order = task.rng.permutation(task.rotation.candidates())
        if task.rotation.cap is not None:
            order = task.rotation.cap.within(order, task.rotation.taken)
        if (included | shows[order[: max(0, number)]].any(axis=0)).all():
            return order
    raise UserError(
        f'Each of {MAX_DRAWS} draws of {task.target} images lacked some class; '
        "ask for more images, or use the method 'uniform', which gives every class its turn."
    )


def _shown_classes(pool: Pool) -> np.ndarray:
    """Return (len(bank.images), classes) bool: which image shows which of the classes that any image shows."""
    shows = np.zeros((len(pool.bank.images), len(pool.bank.classes)), bool)
    shows[pool.row_images[pool.eligible], pool.row_labels[pool.eligible]] = True
    return shows[:, shows.any(axis=0)]
