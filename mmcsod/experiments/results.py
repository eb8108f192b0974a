"""Result lines: one JSON object a finished run, appended whole, so that a killed grid resumes.

Lines carry what they are of, so files of several machines are put together by writing them one after another.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path
from typing import Any

from mmcsod.experiments.spec import Run
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_text
from mmcsod.util.locks import locked

Result = Mapping[str, Any]
_KEY = tuple(field.name for field in fields(Run))
_NEEDED = tuple(field.name for field in fields(Run) if field.default is MISSING)


def read_results(path: str | Path, experiment: str) -> dict[Run, Result]:
    """Return an experiment's results by run, those of others passed over; of two lines on one run the first counts."""
    results: dict[Run, Result] = {}
    for number, text in enumerate(_read_lines(Path(path)), 1):
        line = _parse(text, path, number)
        if line['experiment'] == experiment:
            results.setdefault(_run(line), line)
    return results


def _run(line: Result) -> Run:
    run = Run(**{key: line[key] for key in _KEY if key in line})
    return replace(run, lam='2N/D') if run.lam == 'auto' else run  # what 'auto' was before coverage chose lam


def append_result(path: str | Path, experiment: str, run: Run, outcome: Mapping[str, Any]) -> None:
    """Append a run's line, whole, also when other processes append to the same file."""
    line = json.dumps({'experiment': experiment, **asdict(run), **outcome}, ensure_ascii=False, allow_nan=False)
    path = Path(path)
    with locked(path.with_name(f'.{path.name}.lock'), f'writing {path}'):
        write_text(path, ''.join(f'{each}\n' for each in (*_read_lines(path), line)))


def _read_lines(path: Path) -> list[str]:
    """Return the lines of a file, without a last one that was cut off."""
    try:
        *lines, rest = path.read_text(encoding='utf-8').split('\n')
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f'The results {path} cannot be read ({error}).') from error
    with suppress(ValueError):
        json.loads(rest)
        lines.append(rest)
    return lines


def _parse(text: str, path: str | Path, number: int) -> Result:
    try:
        line = json.loads(text)
        missing = [key for key in ('experiment', 'metrics', *_NEEDED) if key not in line]
    except (ValueError, TypeError):
        missing = ['valid JSON']
    if missing:
        raise UserError(
            f'Line {number} of the results {path} is no result: it has no {missing[0]}; '
            'remove the line to have the run done again.'
        )
    return line
