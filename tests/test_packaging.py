"""What `pip install` gives to somebody who has no checkout."""

import email
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from mmcsod.commands import COMMANDS
from mmcsod.version import __version__

ROOT = Path(__file__).parents[1]
SOURCES = (
    'mmcsod', 'configs', 'tools', 'requirements', 'setup.py', 'pyproject.toml', 'MANIFEST.in', 'README.md', 'LICENSE',
    'CHANGELOG.md', 'CITATION.cff', 'requirements.txt', 'model-index.yml', 'data/weights',
)  # fmt: skip
WEIGHTS = 'mobilenet_v2_imagenet.pth'
CONFIGS = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'configs').rglob('*.py')}


def run(*words, cwd):
    """Run a command that sees nothing of this checkout; return what it printed."""
    environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
    done = subprocess.run([*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build(kind, source, out):
    run(sys.executable, '-c', f'from setuptools import build_meta; build_meta.build_{kind}({str(out)!r})', cwd=source)
    return next(out.glob('*.tar.gz' if kind == 'sdist' else '*.whl'))


@pytest.fixture(scope='module')
def sdist(tmp_path_factory):
    folder = tmp_path_factory.mktemp('sdist')
    (folder / 'source').mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(
                ROOT / name, folder / 'source' / name, symlinks=True, ignore=shutil.ignore_patterns('__pycache__')
            )
        else:
            shutil.copy(ROOT / name, folder / 'source' / name)
    return build('sdist', folder / 'source', folder)


@pytest.fixture(scope='module')
def wheel(sdist, tmp_path_factory):
    """Built from the source distribution, which proves that nothing is missing there."""
    folder = tmp_path_factory.mktemp('wheel')
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter='data')
    return build('wheel', folder / f'mmcsod-{__version__}', folder)


@pytest.fixture(scope='module')
def venv(wheel, tmp_path_factory):
    """An environment with the wheel in it, which finds this one's other packages but not its mmcsod."""
    folder = tmp_path_factory.mktemp('fresh')
    run(sys.executable, '-m', 'venv', '--without-pip', folder, cwd=folder)
    pip = f'-m pip --python {folder}/bin/python install -q --no-deps --no-index --disable-pip-version-check'
    run(sys.executable, *pip.split(), wheel, cwd=folder)
    site_packages = next(folder.glob('lib/python*/site-packages'))
    (site_packages / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')
    return folder


def test_the_wheel_holds_the_package_and_its_configs_and_nothing_else(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'mmcsod').rglob('*.py')}
    tools = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'tools').glob('*.py')}
    carried = {f'mmcsod/.mim/{name}' for name in (*CONFIGS, *tools, 'model-index.yml', f'weights/{WEIGHTS}')}
    templates = {path.relative_to(ROOT).as_posix() for path in (ROOT / 'mmcsod/report/templates').iterdir()}
    assert {name for name in names if '.dist-info/' not in name} == modules | carried | templates | {'mmcsod/py.typed'}


def test_the_metadata_say_what_it_needs_and_where_it_runs(wheel):
    archive = zipfile.ZipFile(wheel)
    metadata = email.message_from_bytes(archive.read(f'mmcsod-{__version__}.dist-info/METADATA'))
    assert (metadata['Name'], metadata['Version'], metadata['Requires-Python']) == ('mmcsod', __version__, '>=3.10')
    assert 'Operating System :: POSIX :: Linux' in metadata.get_all('Classifier')
    assert metadata['Description-Content-Type'] == 'text/markdown'
    needed = {re.match(r'[\w-]+', line).group() for line in metadata.get_all('Requires-Dist') if 'extra' not in line}
    declared = (ROOT / 'requirements' / 'runtime.txt').read_text().split()
    assert needed == {re.match(r'[\w-]+', line).group() for line in declared}
    assert set(metadata.get_all('Provides-Extra')) == {'mm', 'cpu', 'gpu', 'tests', 'lint', 'docs'}
    assert 'mmcsod = mmcsod.commands:main' in archive.read(f'mmcsod-{__version__}.dist-info/entry_points.txt').decode()


def test_the_model_index_lists_every_config():
    models = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Models']
    trainable = {name for name in CONFIGS if not {'_base_', 'experiments'} & set(Path(name).parts)}
    assert sorted(model['Config'] for model in models) == sorted(trainable)
    assert all(model['Name'] == Path(model['Config']).stem for model in models)


def test_every_command_runs_from_the_wheel(venv, tmp_path):
    assert run(venv / 'bin' / 'mmcsod', '--version', cwd=tmp_path) == f'mmcsod {__version__}\n'
    assert run(venv / 'bin' / 'python', '-m', 'mmcsod', '--version', cwd=tmp_path) == f'mmcsod {__version__}\n'
    for command in COMMANDS:
        assert f'usage: mmcsod {command}' in run(venv / 'bin' / 'mmcsod', command, '--help', cwd=tmp_path)


def test_the_wheel_finds_its_own_configs_and_needs_no_checkout(venv, tmp_path):
    code = (
        'import mmcsod; from mmcsod.util.config import load_config; print(mmcsod.__file__); '
        "print(load_config('mmcsod::small/fcos_mobilenet-v2_fpn_320x256_chess.py').filename)"
    )
    files = run(venv / 'bin' / 'python', '-c', code, cwd=tmp_path).split()
    assert all(Path(file).is_relative_to(venv) for file in files)
    listed = run(venv / 'bin' / 'mmcsod', 'experiment', 'configs/experiments/chess.py', '--list', cwd=tmp_path)
    assert 'csod' in listed
