"""Whatever is imported is declared, where it belongs, and whatever is declared is imported."""

import ast
import re
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Import names that differ from the name on the package index.
PACKAGES = {
    'apricot': 'apricot-select',
    'cv2': 'opencv-python',
    'faiss': 'faiss-cpu',
    'mmcv': 'onedl-mmcv',
    'mmdet': 'onedl-mmdetection',
    'mmengine': 'onedl-mmengine',
    'PIL': 'pillow',
    'submodlib': 'submodlib-py',
    'yaml': 'pyyaml',
}
PACKAGE_FILES = ('runtime', 'mminstall', 'optional')
PLUGINS = {'pytest-xdist'}  # pytest finds them by itself


def declared(*names):
    lines = [line for name in names for line in (ROOT / 'requirements' / f'{name}.txt').read_text().splitlines()]
    return {re.match(r'[\w-]+', line).group() for line in lines if line[:1].isalpha()}


@cache
def imported_modules(folder):
    """Third-party modules that the files of a folder import, wherever in the file, and the first such file."""
    files = sorted((ROOT / folder).rglob('*.py'))
    tools = list((ROOT / 'tools').rglob('*.py')) if folder == 'tests' else []  # some tests import a tool
    own = {'mmcsod', 'tests'} | {name for path in (*files, *tools) for name in (path.stem, path.parent.name)}
    found = {}
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            for name in {module.partition('.')[0] for module in modules} - own - set(sys.stdlib_module_names):
                found.setdefault(name, str(path.relative_to(ROOT)))
    return found


def imported(folder):
    """The same under their names on the package index."""
    return {PACKAGES.get(name, name): path for name, path in imported_modules(folder).items()}


@pytest.mark.parametrize(
    ('folder', 'files'),
    [
        ('mmcsod', PACKAGE_FILES),
        ('tests', (*PACKAGE_FILES, 'tests')),
        ('tools', (*PACKAGE_FILES, 'benchmarks', 'docs')),
    ],
)
def test_every_import_is_declared(folder, files):
    missing = {name: path for name, path in imported(folder).items() if name not in declared(*files)}
    assert not missing


def test_every_requirement_of_the_package_is_imported():
    assert declared(*PACKAGE_FILES) == set(imported('mmcsod'))


def test_what_tests_need_beyond_the_package_is_imported_by_them():
    assert declared('tests') - PLUGINS <= set(imported('tests'))


def test_the_type_checker_knows_every_import_without_most_of_them():
    """Whatever `make lint` does not install is named as not to be looked into, so that it says the same everywhere."""
    skipped = re.search(r'^module = \[(.*?)\]', (ROOT / 'pyproject.toml').read_text(), re.MULTILINE | re.DOTALL)[1]
    installed = {name.removeprefix('types-') for name in declared('lint')}
    assert set(imported_modules('mmcsod')) <= installed | set(re.findall(r'"(\w+)\.\*"', skipped))
