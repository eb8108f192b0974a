"""Which methods select on the vectors of objects: Stage 1 keeps those only when told to."""

from __future__ import annotations

from mmcsod.features.bank import FeatureBank
from mmcsod.selection.methods import get_method


def needs_object_vectors(method: str) -> bool:
    """Return whether a selection method needs a bank extracted with ``keep_objects``.

    Raises:
        UserError: If there is no such method.
    """
    return get_method(method).prepare is FeatureBank.objectwise
