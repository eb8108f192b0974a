"""User-input errors."""

import difflib
from collections.abc import Collection, Iterable


class UserError(ValueError):
    """User-input error with a one-sentence message: what is wrong, where, and what to do.

    Command lines print its message without a traceback and exit with status 2.
    """


def check_options(given: Iterable[str], known: Collection[str], owner: str) -> None:
    """Refuse the first option of ``owner`` that is not known, naming the nearest that is."""
    unknown = next((name for name in given if name not in known), None)
    if unknown is None:
        return
    near = difflib.get_close_matches(unknown, known, n=1)
    hint = f'did you mean {near[0]}?' if near else f'there are {", ".join(known)}.'
    raise UserError(f"{owner} has no option '{unknown}': {hint}")


def first_cause(error: BaseException) -> str:
    """Return the first line of what the exception says that was raised before all those that came of it."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip('.')
