import pytest
from mmengine.config import Config

from mmcsod.training.options import RetrainOptions
from mmcsod.training.own_data import PARTS, set_num_classes
from mmcsod.training.prepare import prepare
from mmcsod.util.errors import UserError
from mmcsod.util.files import write_text
from tests.test_datasets.conftest import COCO_PICKS

RETINANET = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'
DETECTORS = {
    'retinanet/retinanet_r50_fpn_1x_coco.py': 1,
    'fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py': 1,
    'cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py': 3,
    'dino/dino-4scale_r50_8xb2-12e_coco.py': 1,
    'yolox/yolox_s_8xb8-300e_coco.py': 1,
}


@pytest.mark.parametrize('name', DETECTORS)
def test_stock_detectors_on_own_data(name, tiny_config, coco_coreset):
    options = RetrainOptions(data=str(tiny_config), iters=40)
    ready = prepare(f'mmdet::{name}', coco_coreset, options)
    own = Config.fromfile(tiny_config)
    assert ready.config.val_dataloader == own.val_dataloader
    assert ready.config.val_evaluator == own.val_evaluator
    assert ready.config.train_dataloader.dataset.dataset == own.train_dataloader.dataset
    assert (ready.plan.images, ready.plan.batch, ready.plan.iterations) == (len(COCO_PICKS), 4, 40)
    assert sum('num_classes: 80 -> 3' in line for line in ready.difference) == DETECTORS[name]
    assert not {'PipelineSwitchHook', 'YOLOXModeSwitchHook'} & {hook.type for hook in ready.config.custom_hooks}
    assert ready.config.model.data_preprocessor.pad_size_divisor == 32
    assert f'~ {", ".join(PARTS)}: those of {tiny_config}' in ready.difference


def test_images_keep_their_sizes(tiny_config, coco_coreset):
    ready = prepare('mmdet::yolox/yolox_s_8xb8-300e_coco.py', coco_coreset, RetrainOptions(data=str(tiny_config)))
    assert ready.config.model.data_preprocessor.batch_augments is None


def test_an_endless_sampler_gets_an_end_where_epochs_are_counted(tiny_config, coco_coreset):
    write_text(tiny_config, tiny_config.read_text() + "train_dataloader.update(sampler=dict(type='InfiniteSampler'))\n")
    options = RetrainOptions(data=str(tiny_config))
    ready = prepare(RETINANET, coco_coreset, options)
    assert ready.config.train_dataloader.sampler == {'type': 'DefaultSampler', 'shuffle': True}
    assert ready.plan.iterations == 12 * 2
    ready = prepare('mmdet::retinanet/retinanet_r50_fpn_90k_coco.py', coco_coreset, options)
    assert ready.config.train_dataloader.sampler.type == 'InfiniteSampler'


def test_cfg_options_have_the_last_word(tiny_config, coco_coreset):
    options = RetrainOptions(data=str(tiny_config), cfg_options={'train_dataloader.batch_size': 2})
    ready = prepare(RETINANET, coco_coreset, options)
    assert ready.plan.batch == 2
    assert '~ train_dataloader.batch_size: 4 -> 2' in ready.difference


def test_own_imports_come_along(tiny_config, coco_coreset):
    write_text(tiny_config, tiny_config.read_text() + "custom_imports = dict(imports='json')\n")
    ready = prepare(RETINANET, coco_coreset, RetrainOptions(data=str(tiny_config)))
    assert ready.config.custom_imports.imports == ['json', 'mmcsod']


def test_numbers_that_are_not_of_the_classes_stay():
    def model(classes):
        boxes = [{'num_classes': classes, 'loss_cls': {'num_classes': classes}}, {'num_classes': classes}]
        heads = {'mask_head': {'num_classes': classes}, 'semantic_head': {'num_classes': 183}}
        return {'rpn_head': {'num_classes': 80}, 'roi_head': {'bbox_head': boxes, **heads}}

    config = Config({'model': model(80)})
    set_num_classes(config, 3)
    assert config.model == model(3)


def test_a_model_without_a_number_of_classes_is_one_sentence():
    with pytest.raises(UserError, match='no num_classes'):
        set_num_classes(Config({'model': {'type': 'RetinaNet', 'bbox_head': {}}}), 3)


def test_own_config_without_data_is_one_sentence(tmp_path, coco_coreset):
    write_text(tmp_path / 'empty.py', 'model = dict()\n')
    with pytest.raises(UserError, match=r'no train_dataloader\.dataset'):
        prepare(RETINANET, coco_coreset, RetrainOptions(data=str(tmp_path / 'empty.py')))
