"""docs/troubleshooting.md quotes messages that the code can say, word for word."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'troubleshooting.md').read_text(encoding='utf-8')
QUOTED = re.findall(r'^\*\*`(.*)`\*\*$', PAGE, re.MULTILINE)
LEAST_LETTERS = 12  # of a message's fixed words: fewer would match anything


def pattern(node):
    """A message as a regular expression: fixed words as they are, values as anything."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return ''.join(pattern(part) if isinstance(part, ast.Constant) else '.+' for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return pattern(node.left) + pattern(node.right)
    return '.+'


@pytest.fixture(scope='module')
def known():
    """Every message of the code, compiled once."""
    return [re.compile(message, re.DOTALL) for message in messages()]


def messages():
    for path in sorted((ROOT / 'mmcsod').rglob('*.py')):
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            if isinstance(node, ast.Call) and getattr(node.func, 'id', '') == 'UserError' and node.args:
                found = pattern(node.args[0])
                if len(re.sub(r'\.\+|[^a-z]', '', found)) >= LEAST_LETTERS:
                    yield found


def test_the_page_quotes_messages():
    assert len(QUOTED) >= 20
    assert len(set(QUOTED)) == len(QUOTED)


@pytest.mark.parametrize('message', QUOTED)
def test_the_code_says_it(message, known):
    assert any(each.fullmatch(message) for each in known)
