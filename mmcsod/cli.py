"""What the command lines share: one clear sentence instead of a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable

from mmcsod.errors import UserError


def run(main: Callable[[], int | None]) -> None:
    """Call ``main`` and exit with its status; a :class:`UserError` becomes one line on stderr and status 2."""
    try:
        sys.exit(main())
    except UserError as error:
        print(f'error: {error}', file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print('interrupted', file=sys.stderr)
        sys.exit(130)
