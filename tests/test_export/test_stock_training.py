import re
from pathlib import Path

import mmdet
import pytest

from mmcsod.export import export_coreset
from tests.test_datasets.conftest import CLASSES
from tests.tool import run_script

MIM = Path(mmdet.__file__).parent / '.mim'
TRAIN = """
import runpy, sys
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name='__main__')
assert not [name for name in sys.modules if name.startswith('mmcsod')]
"""


@pytest.mark.slow
def test_stock_config_trains_on_the_export_with_nothing_of_ours(coco_config, coco_coreset, tmp_path):
    (settings,) = export_coreset(coco_coreset, coco_config, 'coco', tmp_path / 'out', 'copy').settings
    leaf = 'train_dataloader.dataset.dataset'
    options = {
        f'{leaf}.ann_file': settings['ann_file'],
        f'{leaf}.data_root': settings['data_root'],
        f'{leaf}.data_prefix.img': settings['data_prefix']['img'],
        f'{leaf}.metainfo.classes': str(CLASSES).replace(' ', ''),
        'model.bbox_head.num_classes': '3',
        'train_dataloader.dataset.times': '1',
        'train_dataloader.batch_size': '4',
        'train_dataloader.num_workers': '0',
        'train_dataloader.persistent_workers': 'False',
        'train_cfg.max_epochs': '1',
        'custom_hooks': '[]',
        'val_cfg': 'None',
        'val_dataloader': 'None',
        'val_evaluator': 'None',
        'default_hooks.logger.interval': '1',
    }
    config = MIM / 'configs' / 'ssd' / 'ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py'
    words = [MIM / 'tools' / 'train.py', config, '--work-dir', tmp_path / 'run', '--cfg-options']
    result = run_script('-c', TRAIN, *words, *(f'{key}={value}' for key, value in options.items()), cwd=tmp_path)
    assert result.returncode == 0, result.stderr[-3000:]
    assert re.search(r'Epoch\(train\) +\[1\]\[2/2\]', result.stdout + result.stderr)
    assert (tmp_path / 'run' / 'epoch_1.pth').exists()
