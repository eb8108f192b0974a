"""Memory that a selection may keep similarities in."""

import re

from mmcsod.util.errors import UserError
from mmcsod.util.memory import available_memory
from mmcsod.util.text import size_text

UNITS = {'': 1, 'B': 1, 'KB': 10**3, 'MB': 10**6, 'GB': 10**9, 'TB': 10**12}

SHARE = 0.5
"""Share of the memory available that similarities may take by default."""

ENTRY = 8
"""Bytes of a similarity that is kept, float32, and of the place that it belongs to."""

ROW = 400
"""Bytes that keeping a row takes beside its entries: two arrays, and where they are found."""


class Allowance:
    """A limit in bytes for the similarities of all classes of a selection, and what they take of it.

    Attributes:
        limit: The limit.
        most: Bytes that were taken at most.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.most = self._used = 0

    def num_rows(self, number: float) -> int:
        """Return how many more rows there is room for, at so many similarities each."""
        return int((self.limit - self._used) / (ENTRY * number + ROW))

    def take(self, number: int) -> bool:
        """Return whether there is room for so many similarities of a row, and count them if so."""
        if not self.num_rows(number):
            return False
        self._used += ENTRY * number + ROW
        self.most = max(self.most, self._used)
        return True

    def give_back(self, number: int) -> None:
        """Count so many of a row as no longer kept."""
        self._used -= ENTRY * number + ROW

    def __str__(self) -> str:
        kept, limit = size_text(self.most), size_text(self.limit)
        return f'similarities of vectors kept in memory: at most {kept} of {limit} (--memory)'


def default_limit(num_processes: int) -> int:
    """Return the bytes that each of some processes on one machine may take."""
    return int(SHARE * available_memory() / num_processes)


def parse_size(text: str | int) -> int:
    """Return the bytes of a size such as '4GB' or '500 MB'."""
    match = re.fullmatch(r'(\d+(?:\.\d+)?)\s*([KMGT]?B?)', str(text).strip().upper())
    if match is None or match[2] not in UNITS:
        raise UserError(f"memory is '{text}'; give a size such as 4GB or 500MB.")
    return int(float(match[1]) * UNITS[match[2]])
