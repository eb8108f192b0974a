"""Detectors inside other models: what a semi-supervised model or a tracker is read through."""

import pytest
import torch
from mmdet.models import DetDataPreprocessor
from mmdet.registry import MODELS

from mmcsod.features.detector import build_tap, untrained_detector
from mmcsod.features.taps import attach_tap
from mmcsod.features.wrapped_detectors import inner_config, inner_detector, without_prefix
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError

from .conftest import build, small_config

SOFT_TEACHER = 'mmdet::soft_teacher/soft-teacher_faster-rcnn_r50-caffe_fpn_180k_semi-0.1-coco.py'


def test_a_soft_teachers_checkpoint_is_read_through_the_teacher(cfg, coco_root, tmp_path):
    soft = load_config(SOFT_TEACHER)
    preprocessor = soft.model.detector.data_preprocessor
    soft.model.detector = cfg.model
    soft.model.detector.data_preprocessor = preprocessor
    model = build(soft)
    torch.nn.init.ones_(model.student.backbone.conv1.weight)
    torch.save({'state_dict': model.state_dict()}, tmp_path / 'soft.pth')
    tap = build_tap(soft, tmp_path / 'soft.pth', 'cpu')
    detector = tap.detector
    assert tap.name == 'fc'
    torch.testing.assert_close(detector.backbone.conv1.weight, model.teacher.backbone.conv1.weight)
    assert detector.data_preprocessor.mean.flatten().tolist() == pytest.approx(preprocessor.mean)
    assert inner_detector(model) is model.teacher


@pytest.mark.parametrize(
    'name',
    [
        'qdtrack/qdtrack_faster-rcnn_r50_fpn_8xb2-4e_mot17halftrain_test-mot17halfval.py',
        'masktrack_rcnn/masktrack-rcnn_mask-rcnn_r50_fpn_8xb1-12e_youtubevis2019.py',
    ],
)
def test_a_tracker_is_read_through_its_detector_one_image_at_a_time(name):
    detector = untrained_detector(load_config(f'mmdet::{name}'))
    assert attach_tap(detector).name == 'fc'
    images = [torch.full((3, 40, 50), 200, dtype=torch.uint8)]
    inputs = detector.data_preprocessor({'inputs': images, 'data_samples': None})['inputs']
    assert inputs.shape[:2] == (1, 3)
    assert inputs.shape[-1] % 32 == 0
    assert float(inputs[0, 0, 0, 0]) != 200  # normalised


def test_a_plain_detectors_weights_keep_their_names(caplog):
    caplog.set_level('INFO')
    state = {'backbone.a': 1, 'teacher.backbone.a': 2}
    assert without_prefix(state) == state
    assert without_prefix({'student.backbone.a': 1, 'teacher.backbone.a': 2}) == {'backbone.a': 2}
    assert 'several detectors (student, teacher): the teacher is read' in caplog.text
    assert without_prefix({'net.backbone.a': 1, 'criterion.b': 2}) == {'backbone.a': 1}
    with pytest.raises(UserError, match=r'several detectors \(a, b\); save the state_dict of one'):
        without_prefix({'a.backbone.a': 1, 'b.backbone.a': 2})


def test_a_detector_that_cannot_prepare_single_images_is_refused():
    class Tracker(torch.nn.Module):
        def __init__(self, detector):
            super().__init__()
            self.detector = detector

    plain = load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py').model
    plain.pop('data_preprocessor')
    with pytest.raises(UserError, match='detector inside Tracker has no data_preprocessor'):
        inner_detector(Tracker(MODELS.build(plain)))


def test_synchronised_normalisation_needs_no_process_group(coco_root):
    cfg = small_config(coco_root)
    cfg.model.neck.norm_cfg = dict(type='MMSyncBN')
    kinds = {type(module) for module in untrained_detector(cfg).neck.modules()}
    assert torch.nn.BatchNorm2d in kinds


def test_a_config_without_a_model_is_told():
    with pytest.raises(UserError, match='The config has no `model`'):
        untrained_detector(load_config('mmdet::_base_/default_runtime.py'))


def test_a_package_that_is_missing_is_named():
    with pytest.raises(UserError, match=r"needs what is not installed here \(No module named 'mmpretrain'\)"):
        load_config('mmdet::convnext/mask-rcnn_convnext-t-p4-w7_fpn_amp-ms-crop-3x_coco.py')


def test_a_model_of_clips_is_read_off_its_neck_one_image_at_a_time():
    detector = untrained_detector(load_config('mmdet::mask2former_vis/mask2former_r50_8xb2-8e_youtubevis2019.py'))
    assert attach_tap(detector).name == 'neck'
    images = [torch.zeros(3, 40, 50, dtype=torch.uint8)]
    assert detector.data_preprocessor({'inputs': images, 'data_samples': None})['inputs'].dim() == 4


def test_a_preprocessor_of_ones_own_stays():
    class Mine(DetDataPreprocessor):
        pass

    config = {'type': 'RetinaNet', 'backbone': {'type': 'ResNet'}, 'data_preprocessor': {'type': Mine, 'mean': [0] * 3}}
    assert inner_config(config).data_preprocessor.type is Mine


def test_a_wrapper_of_detectron2_is_left_whole():
    with pytest.raises(UserError, match=r'model cannot be built \(.*Detectron2'):
        untrained_detector(load_config('mmdet::misc/d2_retinanet_r50-caffe_fpn_ms-90k_coco.py'))
