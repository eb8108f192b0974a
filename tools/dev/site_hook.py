"""Hooks of the site's generator, which knows neither notebooks nor Sphinx's way to name code in docstrings."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROLE = re.compile(r':(?:class|func|meth|mod|data|attr):<code>~?')


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each notebook, under its name."""
    for file in [file for file in files if file.src_uri.endswith('.ipynb')]:
        path = Path(file.src_uri)
        cells = json.loads((Path(config.docs_dir) / path).read_text(encoding='utf-8'))['cells']
        parts = ['\n\n'.join(_parts(cell)) for cell in cells]
        parts.insert(1, f'<a href="../{path.name}" download>Download this page as a notebook</a>')
        files.append(File.generated(config, path.with_suffix('.md').as_posix(), content='\n\n'.join(parts)))
    return files


def on_page_markdown(markdown: str, **context: Any) -> str:
    """Return the page with links to notebooks leading to their pages."""
    return markdown.replace('.ipynb)', '.md)')


def _parts(cell: dict[str, Any]) -> Iterator[str]:
    """Yield a cell in Markdown, then its outputs: text and pictures."""
    source = ''.join(cell['source'])
    yield source if cell['cell_type'] == 'markdown' else f'```python\n{source}\n```'
    for output in cell.get('outputs', ()):
        if 'text' in output:
            yield f'```text\n{"".join(output["text"])}\n```'
        for kind, data in output.get('data', {}).items():
            yield f'<img alt="what the cell draws" src="data:{kind};base64,{data}">'


def on_page_content(html: str, **context: Any) -> str:
    """Return the page with ``:class:`Name``` shown as ``Name``."""
    return ROLE.sub('<code>', html)
