"""Stage 1 against forward passes written by hand, from the image file to the row of the bank."""

import json

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmcv.ops import roi_align

from mmcsod.features.options import ExtractionOptions
from mmcsod.features.taps import attach_tap, roi_head
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError

from ..conftest import build, extract, small_config, use_data

SCALE = (192, 128)


def resized(path):
    """Return the image as (1, 3, H, W) normalised and padded to 32, its boxes' scale, for Caffe or PyTorch weights."""
    image = cv2.imread(str(path))
    height, width = image.shape[:2]
    factor = min(max(SCALE) / max(height, width), min(SCALE) / min(height, width))
    new = int(width * factor + 0.5), int(height * factor + 0.5)
    image = cv2.resize(image, new, interpolation=cv2.INTER_LINEAR)
    return image, np.array([new[0] / width, new[1] / height] * 2)


def normalised(image, caffe):
    if caffe:
        pixels = image.astype(np.float32) - np.array([103.53, 116.28, 123.675], np.float32)
    else:
        pixels = (image[..., ::-1] - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
    tensor = torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32))
    return F.pad(tensor, (0, -tensor.shape[2] % 32, 0, -tensor.shape[1] % 32))[None]


def aligned(features, boxes, strides, size):
    """RoIAlign each box on the pyramid level that the FPN paper's Eq. 1 gives it (one level: that one)."""
    maps = []
    for box in boxes:
        side = float(((box[2] - box[0]) * (box[3] - box[1])).sqrt())
        level = min(max(int(np.floor(np.log2(side / 56 + 1e-6))), 0), len(strides) - 1)
        rois = torch.cat([torch.zeros(1), box])[None]
        maps.append(roi_align(features[level], rois, size, 1 / strides[level], 0, 'avg', True))
    return torch.cat(maps)


def linear(x, state, name):
    return (x @ state[f'{name}.weight'].T + state[f'{name}.bias']).clamp(min=0)


def fully_connected(maps, state, layers):
    x = maps.flatten(1)
    for layer in (0, 1):
        x = linear(x, state, f'roi_head.bbox_head.{layers}.{layer}')
    return x


def res5(maps, detector):
    """The three bottlenecks of res5, block by block."""
    for block in detector.roi_head.shared_head.layer4:
        shortcut = maps if block.downsample is None else block.downsample(maps)
        out = block.bn1(block.conv1(maps)).relu()
        out = block.bn2(block.conv2(out)).relu()
        maps = (block.bn3(block.conv3(out)) + shortcut).relu()
    return maps


FPN = ((4, 8, 16, 32), 7)


def pool(maps, detector, state):
    return maps.mean((2, 3))


def fcs(layers):
    return lambda maps, detector, state: fully_connected(maps, state, layers)


FIRST_STAGE = fcs('0.shared_fcs')
CASES = {
    'faster_rcnn/faster-rcnn_r50-caffe_c4-1x_coco.py': (
        ((16,), 14),
        {'roi': lambda maps, detector, state: res5(maps, detector).mean((2, 3)), 'pooled': pool},
    ),
    'faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py': (FPN, {'roi': pool, 'pooled': pool, 'auto': fcs('shared_fcs')}),
    'faster_rcnn/faster-rcnn_r50-caffe-dc5_1x_coco.py': (((16,), 7), {'roi': pool, 'auto': fcs('shared_fcs')}),
    'cascade_rcnn/cascade-rcnn_r50_fpn_1x_coco.py': (FPN, {'auto': FIRST_STAGE, 'roi': pool}),
    'htc/htc_r50_fpn_1x_coco.py': (FPN, {'auto': FIRST_STAGE}),
    'scnet/scnet_r50_fpn_1x_coco.py': (FPN, {'auto': FIRST_STAGE}),
    'double_heads/dh-faster-rcnn_r50_fpn_1x_coco.py': (FPN, {'auto': fcs('fc_branch')}),
}


def read_by_hand(detector, root, caffe):
    """The annotations, and for each of the first images its maps and the scale of its boxes."""
    content, maps = json.loads((root / 'train.json').read_text()), {}
    for image in content['images'][:4]:
        pixels, scale = resized(root / 'images' / image['file_name'])
        features = detector.backbone(normalised(pixels, caffe))
        maps[image['id']] = detector.neck(features) if detector.with_neck else features, scale
    return content, maps


def expected(detector, content, maps, geometry, head):
    """Eq. 2 and 3 by hand: a dict from (file name, class) to the averaged vector."""
    state = detector.state_dict()
    rows = {}
    for image in content['images'][:4]:
        features, scale = maps[image['id']]
        own = [a for a in content['annotations'] if a['image_id'] == image['id']]
        x, y, w, h = np.array([a['bbox'] for a in own], np.float64).T
        boxes = torch.tensor(np.stack([x, y, x + w, y + h], 1) * scale, dtype=torch.float32)
        vectors = head(aligned(features, boxes, *geometry), detector, state)
        for category in {a['category_id'] for a in own}:
            chosen = torch.tensor([a['category_id'] == category for a in own])
            rows[f'images/{image["file_name"]}', category - 1] = vectors[chosen].mean(0).numpy()
    return rows


@pytest.mark.parametrize('name', CASES)
def test_rows_equal_a_forward_pass_by_hand(name, coco_root, tmp_path):
    geometry, heads = CASES[name]
    cfg = use_data(load_config(f'mmdet::{name}'), coco_root, SCALE)
    cfg.train_dataloader.dataset.indices = 4
    detector = build(cfg).eval()
    with torch.no_grad():
        read = read_by_hand(detector, coco_root, caffe='caffe' in name)
    for tap, head in heads.items():
        options = ExtractionOptions(tap=tap, num_workers=0, batch_size=2)
        bank = extract(detector, cfg, tmp_path / tap, options)
        with torch.no_grad():
            wanted = expected(detector, *read, geometry, head)
        found = dict(zip(zip(bank.image_ids, bank.labels.tolist(), strict=True), bank.vectors, strict=True))
        assert found.keys() == wanted.keys()
        for key, vector in wanted.items():
            atol = 2e-5 * np.abs(vector).max()
            np.testing.assert_allclose(found[key], vector, rtol=2e-4, atol=atol, err_msg=f'{key}')
        if 'c4' in name and tap == 'roi':
            assert bank.vectors.shape[1] == 2048


def test_auto_says_what_it_took(detector):
    for tap in (attach_tap(detector), attach_tap(detector, 'fc')):
        assert (tap.name, tap.description) == ('fc', 'bbox_roi_extractor -> bbox_head.shared_fcs')
    assert attach_tap(build(load_config('mmdet::faster_rcnn/faster-rcnn_r50-caffe_c4-1x_coco.py'))).name == 'roi'


def test_crowddets_fc_is_what_its_predictors_read(coco_root):
    cfg = small_config(coco_root)
    cfg.model.roi_head.bbox_head.update(type='MultiInstanceBBoxHead', num_classes=1)
    cfg.model.roi_head.update(type='MultiInstanceRoIHead')
    detector = build(cfg)
    tap = attach_tap(detector)
    assert tap.name == 'fc'
    read = []
    detector.roi_head.bbox_head.fc_cls[0].register_forward_pre_hook(lambda module, inputs: read.append(inputs[0]))
    maps = [torch.rand(1, 32, 64 // stride, 64 // stride) for stride in (4, 8, 16, 32)]
    rois = torch.tensor([[0, 3, 5, 40, 60], [0, 10, 10, 20, 30.0]])
    with torch.no_grad():
        detector.roi_head._bbox_forward(maps, rois)
        torch.testing.assert_close(tap(maps, rois), read[0])


def test_a_detector_without_roi_head_is_refused_at_its_taps():
    detector = build(load_config('mmdet::retinanet/retinanet_r18_fpn_1x_coco.py'))
    for tap in ('fc', 'roi', 'pooled'):
        with pytest.raises(UserError, match=rf"RetinaNet has no RoI head.*'{tap}' reads; use 'neck'"):
            attach_tap(detector, tap)


def test_a_tap_that_the_head_lacks_is_refused():
    detector = build(load_config('mmdet::faster_rcnn/faster-rcnn_r50-caffe_c4-1x_coco.py'))
    with pytest.raises(UserError, match=r"no shared fully connected layers.*'roi'"):
        attach_tap(detector, 'fc')
    with pytest.raises(UserError, match="There is no tap 'res6'; choose one of auto, neck, pooled, roi, fc"):
        attach_tap(detector, 'res6')


def test_a_crowd_is_read_in_parts(cfg, detector, monkeypatch):
    tap, counts = attach_tap(detector.eval(), 'fc'), []
    rois = torch.tensor([[0.0, 4, 4, 40, 60], [0, 8, 2, 90, 70], [0, 30, 10, 60, 50]])
    with torch.no_grad():
        maps = detector.extract_feat(torch.rand(1, 3, 96, 128))
        at_once = tap(maps, rois)
        monkeypatch.setattr(roi_head, 'ROIS_AT_ONCE', 2)
        detector.roi_head.bbox_roi_extractor.register_forward_pre_hook(lambda _, given: counts.append(len(given[1])))
        assert torch.allclose(tap(maps, rois), at_once, atol=1e-5)
    assert counts == [2, 1]
