"""The one exception that users are meant to read."""

from __future__ import annotations


class UserError(ValueError):
    """Bad input, told in one sentence: what is wrong, where, and what to do.

    Command lines print its message without a traceback and exit with status 2.
    """
