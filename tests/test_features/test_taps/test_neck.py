"""The tap `neck` against RoIAlign by hand, for detectors of many families."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import roi_align

from mmcsod.features.detector import untrained_detector
from mmcsod.features.taps import attach_tap
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError

from ..conftest import build

# Maps that the head reads: the strides that their papers give, or None where all maps are read side by side.
FAMILIES = {
    'retinanet/retinanet_r18_fpn_1x_coco.py': (8, 16, 32, 64, 128),
    'yolox/yolox_tiny_8xb8-300e_coco.py': (8, 16, 32),
    'yolof/yolof_r50-c5_8xb8-1x_coco.py': (32,),
    'dino/dino-4scale_r50_8xb2-12e_coco.py': (8, 16, 32, 64),
    'centernet/centernet_r18_8xb16-crop512-140e_coco.py': (4,),
    'solov2/solov2_r50_fpn_1x_coco.py': (4, 8, 16, 32, 64),
    'glip/glip_atss_swin-t_a_fpn_dyhead_16xb2_ms-2x_funtune_coco.py': (8, 16, 32, 64, 128),
    'lad/lad_r50-paa-r101_fpn_2xb8_coco_1x.py': (8, 16, 32, 64, 128),
}
SIDE_BY_SIDE = {
    'ssd/ssdlite_mobilenetv2-scratch_8xb24-600e_coco.py': (16, 32, 64, 128, 256, 512),
    'mask2former/mask2former_r50_8xb2-lsj-50e_coco.py': (4, 8, 16, 32),
}
ROIS = torch.tensor([[0, 3, 5, 20, 31], [1, 10, 20, 110, 125], [0, 30, 2, 190, 120], [1, 7, 9, 8, 11.0]])


def maps_of(detector):
    torch.manual_seed(1)
    images = torch.rand(2, 3, 128, 192)
    with torch.no_grad():
        maps = detector.backbone(images)
        return detector.neck(maps) if hasattr(detector, 'neck') else maps


def cut(level, stride, roi):
    return roi_align(level, roi[None], (7, 7), 1 / stride, 0, 'avg', True).mean((2, 3))[0]


def built(name):
    cfg = load_config(f'mmdet::{name}')
    torch.manual_seed(0)
    return untrained_detector(cfg).eval()


def by_hand(maps, strides, roi):
    """The level that FPN's rule gives, or all maps side by side where their widths differ."""
    if len({level.shape[1] for level in maps}) > 1:
        parts = [cut(*level, roi) for level in zip(maps, strides, strict=True)]
        return torch.cat([part / part.norm() for part in parts])
    side = float((roi[3] - roi[1]) * (roi[4] - roi[2])) ** 0.5
    level = min(max(int(np.floor(np.log2(side / (14 * strides[0])))), 0), len(strides) - 1)
    return cut(maps[level], strides[level], roi)


@pytest.mark.parametrize(('name', 'strides'), (FAMILIES | SIDE_BY_SIDE).items())
def test_boxes_are_cut_out_of_the_maps_as_by_hand(name, strides):
    detector = built(name)
    maps, tap = maps_of(detector), attach_tap(detector)
    assert tap.name == 'neck'
    assert tap.description.endswith('unit vectors of all maps side by side') == (name in SIDE_BY_SIDE)
    with torch.inference_mode():
        found = tap(maps, ROIS)
    for roi, vector in zip(ROIS, found, strict=True):
        torch.testing.assert_close(vector, by_hand(maps, strides, roi), rtol=1e-4, atol=1e-6)


def test_boxes_of_all_sizes_reach_all_levels():
    detector = built('retinanet/retinanet_r18_fpn_1x_coco.py')
    tap = attach_tap(detector)
    sides = torch.tensor([8, 200, 230, 440, 450, 890, 900, 1790, 1800, 9999.0])
    rois = F.pad(sides[:, None].expand(-1, 2), (3, 0))
    assert tap._level_of(rois).tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]


def test_the_last_of_stacked_hourglasses_is_read():
    cfg = load_config('mmdet::cornernet/cornernet_hourglass104_8xb6-210e-mstest_coco.py')
    cfg.model.backbone.update(downsample_times=1, stage_channels=[8, 8], stage_blocks=[1, 1], feat_channel=8)
    detector = untrained_detector(cfg).eval()
    maps, tap = maps_of(detector), attach_tap(detector)
    assert len(maps) == 2
    with torch.inference_mode():
        torch.testing.assert_close(tap(maps, ROIS[:1])[0], cut(maps[1], 4, ROIS[0]), rtol=1e-4, atol=1e-6)


def test_only_backbone_and_neck_are_read():
    detector = build(load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'))
    read = {key.partition('.')[0] for key in attach_tap(detector).tensors}
    assert read == {'backbone', 'neck'}


def test_a_model_without_a_backbone_is_refused():
    with pytest.raises(UserError, match=r'neither an RoI head nor a backbone'):
        attach_tap(torch.nn.Linear(1, 1))
    with pytest.raises(UserError, match=r'Linear has no backbone'):
        attach_tap(torch.nn.Linear(1, 1), 'neck')


def test_what_cannot_run_here_is_one_sentence():
    class OnGPUsOnly(torch.nn.Module):
        def forward(self, images):
            raise NotImplementedError('carafe_forward_impl: implementation for device cpu not found.\n')

    detector = build(load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'))
    detector.neck = OnGPUsOnly()
    with pytest.raises(UserError, match=r'^RetinaNet has an operation that does not run on cpu \(.*\); .* GPU\.$'):
        attach_tap(detector)
