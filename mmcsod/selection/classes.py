"""Class names that a user asks for."""

from collections.abc import Collection

from mmcsod.records.bank import FeatureBank
from mmcsod.util.errors import UserError
from mmcsod.util.text import first_few

SHOWN = 20
"""Class names in an error message."""


def find_labels(bank: FeatureBank, names: Collection[str] | None) -> list[int]:
    """Return the labels of classes, each once, in dataset order; of all where ``names`` is None.

    Classes of the bank that share a name are all meant by it.
    """
    if names is None:
        return list(range(len(bank.classes)))
    known, wanted = set(bank.classes), set(names)
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        shown = first_few(bank.classes, SHOWN)
        raise UserError(f"There is no class '{unknown}' in the bank; its classes are {shown}.")
    return [label for label, name in enumerate(bank.classes) if name in wanted]
