"""A hook of the site's generator: docstrings name code as Sphinx does, and the generator knows only Markdown."""

import re
from typing import Any

ROLE = re.compile(r':(?:class|func|meth|mod|data|attr):<code>~?')


def on_page_content(html: str, **context: Any) -> str:
    """Return the page with ``:class:`Name``` shown as ``Name``."""
    return ROLE.sub('<code>', html)
