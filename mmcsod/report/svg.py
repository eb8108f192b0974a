"""Matplotlib's drawings as part of a page: in its fonts and, light or dark, in its colours."""

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.figure import Figure

# Stand-ins that the style sheet's variables replace, so that one drawing serves light and dark pages.
INK, GRID = '#010203', '#010204'
SERIES = tuple(f'#0101{16 + number:02x}' for number in range(6))
"""Colours to draw with: the pool's, then those of coresets."""

_VARIABLES = {INK: 'var(--ink)', GRID: 'var(--line)'} | {
    colour: f'var(--series-{number})' for number, colour in enumerate(SERIES)
}


@contextmanager
def page_style() -> Iterator[None]:
    """Draw in the page's colours while the block lasts."""
    settings = {
        'svg.fonttype': 'none',
        'text.parse_math': False,
        'font.size': 10,
        'axes.edgecolor': GRID,
        'grid.color': GRID,
        'axes.labelcolor': INK,
        'text.color': INK,
        'xtick.color': INK,
        'ytick.color': INK,
        'xtick.labelcolor': INK,
        'ytick.labelcolor': INK,
        'axes.spines.top': False,
        'axes.spines.right': False,
        'axes.axisbelow': True,
        'axes.facecolor': 'none',
        'figure.facecolor': 'none',
        'axes.unicode_minus': True,
    }
    # Names in a script that Matplotlib has no font for: the browser has, Matplotlib only guesses their width.
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='.*missing from.*font')
        yield


def to_svg(figure: Figure, name: str) -> str:
    """Return the drawing, its identifiers made of the name so that two drawings on a page do not mix theirs up."""
    file = io.StringIO()
    with matplotlib.rc_context({'svg.hashsalt': name}):
        figure.savefig(file, format='svg', metadata=dict.fromkeys(('Creator', 'Date', 'Format', 'Type')))
    svg = file.getvalue()
    svg = svg[svg.index('<svg') :]
    svg = re.sub(
        r'^<svg [^>]*?viewBox="([^"]+)"[^>]*>', r'<svg viewBox="\1" aria-hidden="true" focusable="false">', svg
    )
    svg = re.sub(r'<style.*?</style>', '', svg, flags=re.DOTALL)
    svg = re.sub(r'font(-size)?: ([\d.]+px)[^;"]*; font-family: [^;"]+', r'font-size: \2', svg)
    svg = re.sub(r' id="(?![pmh][0-9a-f]{10}")[^"]*"', '', svg)
    return re.sub('(?<=: )#010[12][0-9a-f]{2}', lambda found: _VARIABLES.get(found[0], found[0]), svg)
