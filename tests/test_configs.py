"""Every config is built: model, pipelines, data where it is at hand, optimizer and schedule."""

from pathlib import Path

import pytest
from mmdet.registry import DATASETS, MODELS, PARAM_SCHEDULERS
from mmdet.utils import register_all_modules
from mmengine.config import Config, ConfigDict
from mmengine.dataset import Compose
from mmengine.optim import build_optim_wrapper

from mmcsod.datasets import leaf_configs
from mmcsod.training.schedule import schedule_length, schedulers

ROOT = Path(__file__).parents[1]
FOLDERS = ('bdd100k', 'coco', 'pascal_voc', 'small')
CONFIGS = sorted(
    path.relative_to(ROOT / 'configs').as_posix()
    for folder in FOLDERS
    for path in (ROOT / 'configs' / folder).glob('*.py')
)
BUILD_ALL = pytest.mark.parametrize('name', CONFIGS)


@pytest.fixture(autouse=True)
def registered():
    register_all_modules(init_default_scope=True)


def load(name):
    return Config.fromfile(ROOT / 'configs' / name)


def without_init(value):
    """The same model config with nothing to download."""
    if isinstance(value, dict):
        return {
            key: without_init(item)
            for key, item in value.items()
            if key != 'init_cfg' or item.get('type') != 'Pretrained'
        }
    return value


def test_there_are_configs_for_every_dataset():
    assert {Path(name).parts[0] for name in CONFIGS} == set(FOLDERS)


@BUILD_ALL
def test_model_and_optimizer_are_built(name):
    config = load(name)
    model = MODELS.build(ConfigDict(without_init(config.model.to_dict())))
    optim_wrapper = build_optim_wrapper(model, config.optim_wrapper)
    for scheduler in schedulers(config):
        assert not scheduler.by_epoch
        PARAM_SCHEDULERS.build(scheduler, default_args={'optimizer': optim_wrapper})
    assert schedule_length(config).count == config.train_cfg.val_interval == scheduler.end
    assert config.log_processor.by_epoch is config.default_hooks.checkpoint.by_epoch is False


@BUILD_ALL
def test_heads_and_data_have_the_same_classes(name):
    config = load(name)
    head = config.model.get('roi_head', config.model).bbox_head
    for loader in (config.train_dataloader, config.val_dataloader, config.test_dataloader):
        for leaf in leaf_configs(loader.dataset):
            assert hasattr(DATASETS.get(leaf.type), 'METAINFO')
            classes = leaf.get('metainfo', DATASETS.get(leaf.type).METAINFO)['classes']
            assert len(set(classes)) == len(classes) == head.num_classes
            Compose(leaf.pipeline)


@BUILD_ALL
def test_data_is_read_where_it_is_at_hand(name, monkeypatch):
    monkeypatch.chdir(ROOT)
    config = load(name)
    root = Path(leaf_configs(config.train_dataloader.dataset)[0].data_root)
    if not root.is_dir():
        pytest.skip(f'needs {root}; see data/README.md')
    sizes = []
    for loader in (config.train_dataloader, config.val_dataloader):
        dataset = DATASETS.build(loader.dataset)
        sample = dataset[0]
        assert sample['inputs'].shape[0] == 3
        sizes.append(len(dataset))
    assert sizes == [202, 58] if 'chess' in name else [292, 72]


@pytest.mark.data('bccd')
def test_boxes_without_area_are_dropped_before_they_ruin_the_loss(monkeypatch):
    monkeypatch.chdir(ROOT)
    config = load('small/faster-rcnn_mobilenet-v2_fpn_320x256_bccd.py')
    dataset = DATASETS.build(config.train_dataloader.dataset)
    names = [dataset.get_data_info(index)['img_id'] for index in range(len(dataset))]
    for name in ('BloodImage_00338', 'BloodImage_00343'):
        index = names.index(name)
        boxes = dataset[index]['data_samples'].gt_instances.bboxes.tensor
        assert len(boxes) == len(dataset.get_data_info(index)['instances']) - 1
        assert ((boxes[:, 2:] - boxes[:, :2]) > 0).all()
