"""What a command prints is its own: in a process that imports everything and reads annotations."""

from tests.test_features.conftest import small_config, write_coco
from tests.tool import run_script


def test_other_packages_say_nothing_that_nobody_can_act_on(tmp_path):
    write_coco(tmp_path, 4)
    small_config(tmp_path).dump(tmp_path / 'config.py')
    done = run_script('-m mmcsod', 'select', tmp_path / 'config.py', '--num-images', 2, '--dry-run')
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('4 images, ') and done.stdout.count('\n') == 3
    assert done.stderr == ''
