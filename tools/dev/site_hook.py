"""Hooks of the site's generator: notebooks, the commands' help, dark figures, roles in docstrings, moved addresses."""

import argparse
import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from mmcsod.commands import COMMANDS

ROLE = re.compile(r':(?:class|func|meth|mod|data|attr):<code>~?')

PICTURE = re.compile(r'<picture>\s*<source [^>]*srcset="(.+?)">\s*<img alt="(.+?)" src="(.+?)">\s*</picture>')
"""A figure in light and dark, as GitHub takes it."""

COMMANDS_HERE = '{{ commands }}'
MOVED = {
    'api': 'reference',
    'architecture': 'how_it_works',
    'cross_architecture': 'results',
    'export': 'train',
    'extending': 'methods',
    'extraction': 'select',
    'real_images': 'results',
    'release': 'how_it_works',
    'reliability': 'how_it_works',
    'report': 'inspect',
    'results_photographs': 'results',
    'results_repeats': 'results',
    'retraining': 'train',
    'scale': 'benchmarks/scale',
    'selection': 'select',
}
"""Pages of version 0.1 and those that have their content now."""


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
    """Return the page with links to notebooks' pages, the commands' help, and figures for either color scheme."""
    if COMMANDS_HERE in markdown:
        markdown = markdown.replace(COMMANDS_HERE, '\n\n'.join(map(_help, COMMANDS)))
    markdown = PICTURE.sub(r'![\2](\3#only-light)![\2](\1#only-dark)', markdown)
    return markdown.replace('.ipynb)', '.md)')


def on_post_build(config: MkDocsConfig) -> None:
    """Write a page at each old address that leads to the new one."""
    for old, new in MOVED.items():
        page = Path(config.site_dir) / old / 'index.html'
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f'<meta http-equiv="refresh" content="0; url=../{new}/">', encoding='utf-8')


def _help(name: str) -> str:
    """Return a command's help in Markdown."""
    module = importlib.import_module(f'mmcsod.commands.{name}')
    parser = argparse.ArgumentParser(
        f'mmcsod {name}',
        description=module.DESCRIPTION,
        epilog=module.EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser)
    return f'### {name}\n\n```text\n{parser.format_help()}```'


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
