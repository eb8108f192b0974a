"""``import mmcsod`` and ``custom_imports``, in fresh processes: whoever is imported first, the modules register."""

import pytest

from tests.tool import run_script

READ_CONFIG = 'from mmengine.config import Config; Config.fromfile({config!r})'
LOOK_UP = """
from mmengine.registry import HOOKS, DefaultScope
DefaultScope.get_instance('test', scope_name='mmdet')
with HOOKS.switch_scope_and_registry(None):  # as a runner builds its hooks
    from mmdet import registry
print(sorted({'GTRoIFeatureHook', 'StopOnNaNHook'} & set(registry.HOOKS.module_dict)),
      'CoresetDataset' in registry.DATASETS.module_dict)
"""


def run(code):
    done = run_script('-c', code)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize(
    'imports',
    [
        [READ_CONFIG],
        ['import mmdet.registry', 'import mmcsod'],
        ['import mmcsod', 'import mmdet.apis'],
    ],
    ids=lambda imports: ' '.join(imports).replace(READ_CONFIG, 'config').replace('import ', ''),
)
def test_modules_register_whoever_is_imported_first(imports, tmp_path):
    config = tmp_path / 'config.py'
    config.write_text("custom_imports = dict(imports=['mmcsod'], allow_failed_imports=False)\n")
    code = '\n'.join(imports).replace('{config!r}', repr(str(config)))
    assert run(f'{code}\n{LOOK_UP}')[-3:] == ["['GTRoIFeatureHook',", "'StopOnNaNHook']", 'True']


@pytest.mark.parametrize('before', ['', 'import mmengine'])
def test_without_mmdet_everything_else_works(before):
    # None is what an import of a package that is not there ends in.
    code = f"import sys; sys.modules['mmdet'] = None; {before}\nimport mmcsod; print(mmcsod.select_coreset.__name__)"
    assert run(code) == ['select_coreset']


def test_the_watched_module_is_found_as_ever():
    code = """import mmcsod, mmcsod.registration, importlib, sys
importlib.reload(mmcsod); print(sum(type(finder).__name__ == '_Watch' for finder in sys.meta_path))
import inspect, mmdet.registry
print('Registry' in inspect.getsource(mmdet.registry), any(type(f).__name__ == '_Watch' for f in sys.meta_path))"""
    assert run(code) == ['1', 'True', 'False']


def test_loading_mmdetection_and_annotations_prints_nothing(tmp_path):
    (tmp_path / 'a.json').write_text('{"images": [], "annotations": [], "categories": []}')
    code = (
        'import mmcsod, mmdet.evaluation; from mmdet.datasets import CocoDataset; '
        f'CocoDataset(ann_file={str(tmp_path / "a.json")!r}, serialize_data=False, test_mode=True)'
    )
    done = run_script('-c', code)
    assert (done.returncode, done.stdout, done.stderr) == (0, '', '')
