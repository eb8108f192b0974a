"""Lists of names in messages."""

from collections.abc import Sequence


def first_few(names: Sequence[str], shown: int = 5) -> str:
    """Return the first ``shown`` names and how many follow: 'a, b and 7 more'."""
    rest = len(names) - shown
    return ', '.join(names[:shown]) + (f' and {rest} more' if rest > 0 else '')


def size_text(num_bytes: float) -> str:
    """Return a number of bytes as people write it: 1.5 GB."""
    for unit in ('B', 'kB', 'MB'):
        if num_bytes < 1000:
            return f'{num_bytes:.3g} {unit}'
        num_bytes /= 1000
    return f'{num_bytes:.3g} GB'
