"""What a user may not expect of a selection, though it is as asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mmcsod.records.coreset import Pick
from mmcsod.selection.options import SelectionOptions
from mmcsod.selection.pool import Pool
from mmcsod.util.text import first_few

SHOWN = 10


def remarks(pool: Pool, picks: Sequence[Pick], options: SelectionOptions) -> Iterator[str]:
    """Yield a sentence on a lam that nobody reads, one on classes without objects, and one on classes without a turn.

    Args:
        pool: What was selected from.
        picks: What was selected, included images first.
        options: How.
    """
    if options.given_lam is not None and 'lam' not in options.entry.parameters:
        yield f"lam is given and not used: the method '{options.method}' has none."
    names = pool.bank.classes
    present = [label for label in pool.labels if len(pool.images_of_class(label))]
    absent = [names[label] for label in sorted(set(pool.labels) - set(present))]
    if absent:
        yield f'No image that may be selected has an object of {first_few(absent, SHOWN)}, which are skipped.'
    turns = [pick.label for pick in picks if pick.label is not None]
    if turns and len(turns) < len(present):
        without = [names[label] for label in sorted(set(present) - set(turns))]
        yield (
            f'{len(turns)} picks are fewer than {len(present)} classes, which take turns in the order of the '
            f'dataset: {first_few(without, SHOWN)} had none.'
        )
