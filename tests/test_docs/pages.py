"""The pages of the documentation, and the blocks of code in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in [ROOT / 'README.md', *(ROOT / 'docs').rglob('*.md')])


def blocks(page, *languages):
    """The text of each block of one of these languages."""
    found = re.findall(r'^```(\w*)\n(.*?)^```$', (ROOT / page).read_text(encoding='utf-8'), re.MULTILINE | re.DOTALL)
    return [text for language, text in found if language in languages]
