"""The layers of CONTRIBUTING.md, read from the imports themselves: every arrow points down."""

import ast
from functools import lru_cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'mmcsod'
FACE = '__init__'  # the package's own __init__.py
# From the top down. A name is a folder or a file directly in the package. Those of one layer do not import each other.
LAYERS = (
    ('__main__',),
    ('commands',),
    ('experiments',),
    (FACE,),
    ('registration',),
    ('hooks',),
    ('report',),
    ('training', 'export'),
    ('selection', 'features'),
    ('datasets',),
    ('labels',),
    ('records',),
    ('util',),
    ('version',),
)
WIDTH_OF_NAMES = 45  # of the drawing's left part
STAGE_2 = ('records', 'selection')
DETECTOR_PACKAGES = {'mmdet', 'mmcv', 'mmengine'}


def module_name(path, root=PACKAGE):
    """``mmcsod.selection`` of ``selection/__init__.py``."""
    parts = (root.name, *path.relative_to(root).with_suffix('').parts)
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def modules(root=PACKAGE):
    return {module_name(path, root): path for path in sorted(root.rglob('*.py'))}


def imported_names(tree):
    """Every name that a file imports, wherever in the file: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, 'relative import: this package writes them in full'
            yield from ((node.module, alias.name) for alias in node.names)


def read_imports(path, known):
    """The modules that a file imports: this package's with their file, anybody else's by top-level name."""
    found = set()
    for module, name in imported_names(ast.parse(path.read_text(encoding='utf-8'))):
        full = f'{module}.{name}'
        found.add(full if full in known else module if module in known else module.partition('.')[0])
    return found


@lru_cache
def import_graph(root=PACKAGE):
    known = modules(root)
    return {name: read_imports(path, known) for name, path in known.items()}


def part(module):
    """The folder or file of the package that a module belongs to."""
    return module.split('.')[1] if '.' in module else FACE


def layer(module):
    found = [number for number, names in enumerate(LAYERS) if part(module) in names]
    assert found, f'{module} is in no layer: give it a place in LAYERS and in CONTRIBUTING.md'
    return found[0]


def wrong_arrows(graph):
    for importer, imports in graph.items():
        for imported in imports & graph.keys():
            same_part = part(importer) == part(imported)
            if not (same_part or layer(importer) < layer(imported)):
                yield f'{importer} imports {imported}'


def circle(graph):
    """The files of an import circle, or an empty list."""
    finished = set()

    def visit(module, path):
        if module in path:
            return path[path.index(module) :]
        if module in finished:
            return []
        for imported in sorted(graph[module] & graph.keys()):
            if found := visit(imported, [*path, module]):
                return found
        finished.add(module)
        return []

    return next((found for module in graph if (found := visit(module, []))), [])


def reachable(graph, start):
    """All that is imported when these modules are, this package's or not."""
    seen, waiting = set(), list(start)
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += graph.get(module, ())
    return seen


def test_every_arrow_points_down():
    assert list(wrong_arrows(import_graph())) == []


def test_there_is_no_import_circle():
    assert circle(import_graph()) == []


def test_stage_2_imports_no_detector_package_directly_or_through_another_file():
    graph = import_graph()
    stage_2 = [module for module in graph if part(module) in STAGE_2]
    assert len(stage_2) > len(STAGE_2)
    assert reachable(graph, stage_2) & DETECTOR_PACKAGES == set()


def test_every_layer_exists():
    assert {name for names in LAYERS for name in names} == set(map(part, import_graph()))


def test_the_page_draws_every_layer_in_its_order():
    page = (PACKAGE.parent / 'CONTRIBUTING.md').read_text(encoding='utf-8')
    drawn = page.split('## The layers')[1].split('```')[1]
    names = ' '.join(line[:WIDTH_OF_NAMES] for line in drawn.splitlines())
    drawn_names = [name.rstrip('/').removesuffix('.py') for name in names.split()]
    assert drawn_names == [name for layer in LAYERS[1:] for name in layer]


@pytest.fixture
def package(tmp_path):
    def make(**files):
        for name, text in files.items():
            path = tmp_path / 'mmcsod' / (name.replace('.', '/') + '.py')
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return import_graph(tmp_path / 'mmcsod')

    return make


@pytest.mark.parametrize(
    ('importer', 'text', 'imported'),
    [
        ('records.bank', 'from mmcsod.commands.select import main', 'commands.select'),
        ('records.bank', 'def f():\n    from mmcsod.commands import select', 'commands.select'),
        ('records.bank', 'if TYPE_CHECKING:\n    import mmcsod.commands.select', 'commands.select'),
        ('features.taps', 'from mmcsod.selection.pool import Pool', 'selection.pool'),  # sideways
    ],
)
def test_a_wrong_arrow_is_found_wherever_it_is_written(package, importer, text, imported):
    graph = package(**{importer: text, imported: ''})
    assert list(wrong_arrows(graph)) == [f'mmcsod.{importer} imports mmcsod.{imported}']


def test_a_circle_and_a_detector_package_behind_another_file_are_found(package):
    texts = {
        'selection.a': 'import mmcsod.selection.b',
        'selection.b': 'def f():\n    import mmcsod.selection.a, mmcsod.util.config',
        'util.config': 'from mmengine.config import Config',
    }
    graph = package(**texts)
    assert circle(graph) == ['mmcsod.selection.a', 'mmcsod.selection.b']
    assert 'mmengine' in reachable(graph, ['mmcsod.selection.a'])
