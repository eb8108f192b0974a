"""``make gpu-check`` runs where PyTorch is, and neither MMEngine nor MMDetection."""

from tests.tool import run_script

WITHOUT = """
import sys
sys.modules |= dict.fromkeys(('mmengine', 'mmcv', 'mmdet'))  # to import them fails
import pytest
sys.exit(pytest.main(['-q', '-p', 'no:cacheprovider', *sys.argv[1:]]))
"""


def test_its_tests_need_no_mmengine():
    tests = 'tests/test_selection/test_kernels/test_similarities.py::test_what_is_computed_is_within_its_bound'
    done = run_script('-c', WITHOUT, tests)
    assert done.returncode == 0, done.stdout
    assert ' passed' in done.stdout
