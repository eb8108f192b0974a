"""Lists of names, sizes and tables as text."""

from collections.abc import Iterable, Sequence
from typing import Any


def first_few(names: Sequence[str], shown: int = 5, between: str = ', ') -> str:
    """Return the first ``shown`` names and how many follow: 'a, b and 7 more'."""
    rest = len(names) - shown
    return between.join(names[:shown]) + (f' and {rest} more' if rest > 0 else '')


def size_text(num_bytes: float) -> str:
    """Return a number of bytes as people write it: 1.5 GB."""
    for unit in ('B', 'kB', 'MB'):
        if num_bytes < 1000:
            return f'{num_bytes:.3g} {unit}'
        num_bytes /= 1000
    return f'{num_bytes:.3g} GB'


def markdown_table(rows: Iterable[Sequence[Any]], headers: Sequence[str]) -> str:
    """Return a table in Markdown, whose cells stay as they are written."""
    from tabulate import tabulate

    return str(tabulate(rows, headers, tablefmt='github', disable_numparse=True))
