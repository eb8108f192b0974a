"""The page that tools/dev/zoo_check.py writes from its results."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

# Parts of what is said, and what they mean to a reader.
REASONS = {
    'has no `model`': 'no model: a part of other configs',
    'has no train_dataloader': 'no training set: a part of other configs, or for testing only',
    'needs what is not installed': 'needs a package that was not installed for this check',
    'without what is not installed': 'needs a package that was not installed for this check',
    'Please install Detectron2': 'needs a package that was not installed for this check',
    'unexpected keyword argument': 'broken as shipped: its model cannot be built',
    'does not run on cpu': 'needs a GPU',
    'cannot be read (FileNotFoundError': 'broken as shipped: names a base config that is not there',
}
NOT_APPLICABLE = ('has no `model`', 'has no train_dataloader')
NO_BOXES = {
    'reid': 'tells persons apart, predicts no boxes',
    'clrnet': 'predicts lanes, no boxes',
    'rtmdet/classification': 'classifies images, predicts no boxes',
}

HEAD = """# Compatibility

Does Stage 1 work with a config? This page lists every config that MMDetection {version} ships, family by family. A
command writes it:

```shell
python tools/dev/zoo_check.py --results work_dirs/zoo.jsonl
python tools/dev/zoo_check.py --results work_dirs/zoo.jsonl --write docs/compatibility.md
```

The check builds each config's model with random weights and downloads nothing. It derives the pipeline from the config
and extracts features from two small images with three boxes each. A config works if all rows are finite, not zero, and
of one width. It runs on a CPU. Configs that differ only in what features do not depend on (classes, losses, schedules,
and heads other than RoI heads) are run once and counted each.

{summary}

What is refused is refused in one sentence. *Does not apply* is a config without a model or a training set, or a model
that predicts neither boxes nor masks. *Not run* are configs that the check had no time for. It takes one of each kind
first, so that most of these differ from one that works in depth, width or schedule only.

"""


def write_page(results: Path, page: Path) -> None:
    """Write the page.

    Args:
        results: JSON lines of the check; its ``.keys.json`` beside it says which config has which key.
        page: The Markdown file.
    """
    found = {line['key']: line for line in map(json.loads, results.read_text().splitlines())}
    configs = json.loads(results.with_suffix('.keys.json').read_text())
    verdicts = [(entry['config'], entry['kind'], *verdict(entry, found.get(entry['key']))) for entry in configs]
    text = HEAD.format(version=version(), summary=summary(verdicts)) + families(verdicts) + reasons(verdicts)
    page.write_text(text, encoding='utf-8')


def verdict(entry: Mapping[str, str], result: Mapping[str, Any] | None) -> tuple[str, str]:
    """Return what is to be said of a config: a column of the table, and the tap or the reason."""
    folder = next((name for name in NO_BOXES if entry['config'].startswith(f'{name}/')), None)
    if folder is not None:
        return 'does not apply', NO_BOXES[folder]
    if result is None:
        return 'not run', ''
    if result['status'] == 'works':
        return 'works', result['tap']
    part = next((part for part in REASONS if part in result['text']), None)
    if part in NOT_APPLICABLE:
        return 'does not apply', REASONS[part]
    return ('traceback' if result['status'] == 'traceback' else 'fails'), REASONS.get(part or '', result['text'])


def summary(verdicts: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the table of totals."""
    counts: dict[str, Counter[str]] = {'two-stage': Counter(), 'other': Counter()}
    for _, kind, column, _ in verdicts:
        counts[kind or 'other'][column] += 1
    rows = [
        ('two-stage detectors', counts['two-stage']),
        ('all other configs', counts['other']),
        ('all', counts['two-stage'] + counts['other']),
    ]
    columns = [name for name in ('works', 'does not apply', 'fails', 'traceback', 'not run') if rows[-1][1][name]]
    return table(
        ['', 'configs', *columns],
        [[name, str(sum(own.values())), *(str(own[column]) for column in columns)] for name, own in rows],
    )


def families(verdicts: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the table of families."""
    own: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for name, _, column, text in verdicts:
        own[name.partition('/')[0]].append((column, text))
    rows = []
    for family, entries in sorted(own.items()):
        works = [text for column, text in entries if column == 'works']
        others = Counter(f'{column}: {text}' if text else column for column, text in entries if column != 'works')
        rows.append(
            [
                family,
                str(len(entries)),
                str(len(works)),
                ', '.join(sorted(set(works))),
                '; '.join(f'{count} {text}' for text, count in others.items()).replace('|', '/'),
            ]
        )
    return '## Families\n\n' + table(['family', 'configs', 'works', 'tap', 'else'], rows) + '\n'


def reasons(verdicts: Iterable[tuple[str, str, str, str]]) -> str:
    """Return the list of configs that fail."""
    failing = defaultdict(list)
    for name, _, column, text in verdicts:
        if column in ('fails', 'traceback'):
            failing[text].append(name)
    lines = [f'- {text}: {", ".join(f"`{name}`" for name in sorted(names))}' for text, names in sorted(failing.items())]
    return '\n## What fails\n\n' + '\n'.join(lines or ['Nothing.']) + '\n'


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    return '\n'.join('| ' + ' | '.join(row) + ' |' for row in (head, ['---'] * len(head), *rows)) + '\n'


def version() -> str:
    """Return the version of MMDetection."""
    import mmdet

    return mmdet.__version__
