"""Memory that a selection may keep similarities in."""

import re

from mmcsod.util.errors import UserError
from mmcsod.util.memory import available_memory

UNITS = {'': 1, 'B': 1, 'KB': 10**3, 'MB': 10**6, 'GB': 10**9, 'TB': 10**12}

SHARE = 0.5
"""Share of the memory available that similarities may take by default."""


class Allowance:
    """A limit in bytes for all classes of a selection together, and how many classes had enough, or had not."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = self.kept = self.refused = 0

    def take(self, num_bytes: int) -> bool:
        """Return whether there is room for so many bytes, and count them if so."""
        if self.used + num_bytes > self.limit:
            self.refused += 1
            return False
        self.used += num_bytes
        self.kept += 1
        return True

    def __str__(self) -> str:
        kept, limit = f'{self.used / 1e6:.0f} MB', f'{self.limit / 1e6:.0f} MB'
        classes = f'{self.kept} of {self.kept + self.refused} classes'
        return f'similarities of vectors kept in memory for {classes}: {kept} of {limit} allowed (--memory)'


def default_limit(num_processes: int) -> int:
    """Return the bytes that each of some processes on one machine may take."""
    return int(SHARE * available_memory() / num_processes)


def parse_size(text: str | int) -> int:
    """Return the bytes of a size such as '4GB' or '500 MB'."""
    match = re.fullmatch(r'(\d+(?:\.\d+)?)\s*([KMGT]?B?)', str(text).strip().upper())
    if match is None or match[2] not in UNITS:
        raise UserError(f"memory is '{text}'; give a size such as 4GB or 500MB.")
    return int(float(match[1]) * UNITS[match[2]])
