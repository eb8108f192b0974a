"""``import mmcsod``, with and without MMDetection."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(('before', 'registered'), [
    ('import mmengine', True),
    ("import mmengine; sys.modules['mmdet'] = None", False),  # what an import of a package not there ends in
    ('', False)])
def test_modules_register_only_where_mmengine_and_mmdet_are(before, registered):
    code = f"import sys; {before}\nimport mmcsod; print(mmcsod.select_coreset, 'mmcsod.hooks' in sys.modules)"
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == str(registered)
