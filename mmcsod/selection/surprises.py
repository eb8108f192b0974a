"""Warnings about valid but surprising selections."""

from collections.abc import Iterator

from mmcsod.records.coreset import Coreset
from mmcsod.selection.near_duplicates import warn_of
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.registry import Task
from mmcsod.util.text import first_few

SHOWN = 10


def surprises(task: Task, coreset: Coreset, options: SelectionOptions) -> Iterator[str]:
    """Yield a sentence on everything that a user may not expect of a selection."""
    if options.num_objects is None and len(coreset) < task.target:
        yield f'{task.target} images were asked for and there are only {len(coreset)}: all of them are selected.'
    if len(task.included) == len(coreset):
        yield f'All {len(coreset)} images are included from the start, so nothing new is selected; ask for more.'
    if options.given_lam is not None and 'lam' not in options.entry.uses:
        yield f"lam is given and not used: the method '{options.entry.name}' has none."
    if options.weights != 'equal' and not options.entry.by_class:
        yield f"turns is given and not used: the method '{options.entry.name}' has no class round-robin."
    yield from options.entry.warnings(task.pool)
    yield from _skipped_classes(task, coreset)
    yield from warn_of(task.pool.bank, coreset)


def _skipped_classes(task: Task, coreset: Coreset) -> Iterator[str]:
    names = coreset.classes
    present = {label for label in task.pool.labels if len(task.pool.images_of_class(label))}
    absent = [names[label] for label in task.pool.labels if label not in present]
    if absent:
        yield f'No image that may be selected has an object of {first_few(absent, SHOWN)}; these classes are skipped.'
    turns = [pick.label for pick in coreset.picks if pick.label is not None]
    present.difference_update(*(task.pool.labels_of_image(image) for image in task.included))
    if turns and len(turns) < len(present):
        without = first_few([names[label] for label in sorted(present.difference(turns))], SHOWN)
        yield f'{len(turns)} images cannot cover {len(present)} classes; none was selected for {without}.'
