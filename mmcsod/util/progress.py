"""How far a task is: a bar on a terminal, a line now and then elsewhere."""

import logging
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

logger = logging.getLogger('mmcsod')

SECONDS = 10
"""Between two lines."""


@contextmanager
def progress(task: str, total: int, done: int = 0, shown: bool = True) -> Iterator[Callable[[int], None]]:
    """Show how many of ``total`` images are done; give what to call with the number of images done since."""
    on_terminal = sys.stderr.isatty()
    last = time.monotonic()
    with tqdm(total=total, initial=done, desc=task, unit='img', disable=not (shown and on_terminal)) as bar:

        def update(number: int) -> None:
            nonlocal done, last
            done += number
            bar.update(number)
            if shown and not on_terminal and time.monotonic() - last >= SECONDS:
                logger.info('%s: %d of %d images', task, done, total)
                last = time.monotonic()

        yield update
