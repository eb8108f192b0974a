"""Recordings, the videos or bursts that images come from, as a pattern on image ids names them."""

import re
from collections.abc import Sequence

from mmcsod.util.errors import UserError


def check_group(group: str | None) -> None:
    """Refuse a pattern that is none, or has several groups; one without a group is the name of a field."""
    try:
        number = re.compile(group or '').groups
    except re.error as error:
        raise UserError(f"group is '{group}', which is not a pattern ({error}).") from error
    if number > 1:
        raise UserError(f"group is '{group}', which has {number} groups in brackets; put one around the recording.")


def is_pattern(group: str) -> bool:
    """Return whether ``group`` is a pattern on image ids; otherwise it is the name of a field."""
    return bool(re.compile(group).groups)


def matched_recordings(images: Sequence[str], pattern: str) -> tuple[str, ...]:
    """Return the recording of each image id, '' for one that the pattern does not fit."""
    matches = [re.search(pattern, image) for image in images]
    if not any(matches):
        raise UserError(f"The pattern '{pattern}' fits no image, '{images[0]}' for example; correct --group.")
    return tuple((match[1] or '') if match else '' for match in matches)
