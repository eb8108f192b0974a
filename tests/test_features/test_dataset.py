"""The pipeline derived from a config, and the account of what stays out."""

import json
import sys

import numpy as np
import pytest
from mmdet.datasets import CocoDataset
from mmengine.dataset import BaseDataset

from mmcsod.features.dataset import ExtractionDataset
from mmcsod.features.pipeline import derive_pipeline
from mmcsod.util.config import load_config
from mmcsod.util.console import TRACEBACK
from mmcsod.util.errors import UserError

from ..sets import annotation, image_entry, write_labels, write_voc, write_voc_list
from ..test_datasets.nests import concat, repeat
from .conftest import CLASSES, small_config, write_coco, write_image

BROKEN = (
    {'bbox': [20, 20, 0, 10], 'area': 1},  # no width
    {'bbox': [500, 500, 20, 20]},  # outside
    {'bbox': [float('nan'), 1, 5, 5], 'area': 25},
    {'bbox': [5, 5, 20, 20], 'iscrowd': 1},
    {'bbox': [5, 5, 20, 20], 'ignore': 1},
)  # yapf: disable


@pytest.mark.parametrize(
    'name',
    [
        'mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py',
        'yolox/yolox_s_8xb8-300e_coco.py',
        'fast_rcnn/fast-rcnn_r50_fpn_1x_coco.py',
        'pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py',
        'htc/htc_r50_fpn_1x_coco.py',
        'strong_baselines/mask-rcnn_r50-caffe_fpn_rpn-2conv_4conv1fc_syncbn-all_lsj-100e_coco.py',
    ],
)
def test_stock_configs_give_a_fixed_pipeline(name):
    pipeline = derive_pipeline(load_config(f'mmdet::{name}'))
    kinds = [step['type'] for step in pipeline]
    assert kinds[:2] == ['LoadImageFromFile', 'LoadAnnotations']
    assert kinds[-1] == 'PackDetInputs'
    assert any('Resize' in kind for kind in kinds)
    assert not any('Random' in kind or kind in ('Mosaic', 'MixUp', 'LoadProposals') for kind in kinds)
    assert not pipeline[1].get('with_mask')


def test_a_config_without_test_geometry_is_refused(cfg):
    for key in ('test_dataloader', 'val_dataloader'):
        cfg[key] = None
    cfg.pop('test_pipeline', None)
    with pytest.raises(UserError, match='--pipeline'):
        derive_pipeline(cfg)


def test_wrappers_are_looked_through(cfg):
    plain = ExtractionDataset(cfg)
    cfg.train_dataloader.dataset = repeat(concat(cfg.train_dataloader.dataset))
    wrapped = ExtractionDataset(cfg)
    assert wrapped.images == plain.images
    assert wrapped.fingerprint() == plain.fingerprint()


def test_boxes_move_with_the_image(cfg, coco_root):
    pool = ExtractionDataset(cfg)
    content = json.loads((coco_root / 'train.json').read_text())
    for index, image in enumerate(content['images']):
        sample = pool[index]
        x, y, w, h = np.array([a['bbox'] for a in content['annotations'] if a['image_id'] == index]).T
        factor = sample.inputs.shape[2] / image['width'], sample.inputs.shape[1] / image['height']
        wanted = np.stack([x * factor[0], y * factor[1], (x + w) * factor[0], (y + h) * factor[1]], 1)
        np.testing.assert_allclose(sample.boxes, wanted, rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(sample.inputs, pool[index].inputs)


def test_what_cocodataset_drops_unseen_is_counted(tmp_path):
    write_coco(tmp_path, 4, BROKEN)
    pool = ExtractionDataset(small_config(tmp_path))
    assert dict(pool.objects_left_out.counts) == {
        'without area': 1,
        'outside the image': 1,
        'not finite': 1,
        'crowd or difficult': 1,
        'marked ignore': 1,
    }
    kept = ExtractionDataset(small_config(tmp_path), keep_ignored=True)
    assert 'crowd or difficult' not in kept.objects_left_out.counts
    assert len(kept[0].boxes) == len(pool[0].boxes) + 1
    assert any('000.png' in line for line in pool.objects_left_out.lines('objects'))


def test_filtered_images_are_counted_and_stay_out(tmp_path):
    annotations = [one for one in write_coco(tmp_path, 4) if one['image_id'] != 1]
    annotations.append(annotation(99, 9, 1, [1, 1, 9, 9]))
    images = json.loads((tmp_path / 'train.json').read_text())['images'] + [image_entry(9, 'tiny.png', (20, 20))]
    write_labels(tmp_path / 'train.json', images, annotations, CLASSES)
    pool = ExtractionDataset(small_config(tmp_path))
    assert dict(pool.images_left_out.counts) == {'without objects': 1, 'filter_cfg': 1}
    assert pool.images == ('images/000.png', 'images/002.png', 'images/003.png')


@pytest.mark.parametrize('kind', ['VOCDataset', 'XMLDataset'])
def test_xml_datasets_keep_reasons_apart(kind, tmp_path):
    """mmdet folds difficult and too small into one flag, and hands a box without area to training."""
    boxes = (((10, 10, 100, 100), 0), ((10, 10, 90, 90), 1), ((10, 10, 30, 30), 0), ((50, 50, 50, 90), 0))
    devkit = tmp_path / 'VOC2007'
    write_image(devkit / 'JPEGImages' / '000001.jpg', (200, 150), 1)
    write_voc(devkit, '000001', (200, 150), [(CLASSES[k % 3], *box) for k, box in enumerate(boxes)])
    write_voc_list(devkit, 'train', ['000001'])
    cfg = small_config(tmp_path)
    cfg.train_dataloader.dataset = dict(
        type=kind,
        data_root=f'{tmp_path}/',
        ann_file='VOC2007/ImageSets/Main/train.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        metainfo=dict(classes=CLASSES),
        filter_cfg=dict(filter_empty_gt=True, min_size=32, bbox_min_size=32),
    )
    pool = ExtractionDataset(cfg)
    assert dict(pool.objects_left_out.counts) == {'crowd or difficult': 1, 'below bbox_min_size': 1, 'without area': 1}
    assert pool.images == ('VOC2007/JPEGImages/000001.jpg',)
    assert len(pool[0].boxes) == 1
    assert len(ExtractionDataset(cfg, keep_ignored=True)[0].boxes) == 3


class WithoutClass(CocoDataset):
    """Labels each image's first box -1, as CrowdHumanDataset does boxes to ignore."""

    def parse_data_info(self, raw_data_info):
        info = super().parse_data_info(raw_data_info)
        info['instances'][0]['bbox_label'] = -1
        return info


@pytest.mark.parametrize('keep_ignored', [False, True])
def test_boxes_of_no_class_are_left_out(keep_ignored, cfg):
    whole = ExtractionDataset(cfg, keep_ignored=keep_ignored)
    cfg.train_dataloader.dataset.type = WithoutClass
    pool = ExtractionDataset(cfg, keep_ignored=keep_ignored)
    assert dict(pool.objects_left_out.counts) == {'of no class': len(pool)}
    for index in range(len(pool)):
        np.testing.assert_array_equal(pool[index].boxes, whole[index].boxes[1:])
        np.testing.assert_array_equal(pool.objects_of(index), whole.objects_of(index)[1:])


def test_datasets_of_different_classes_are_refused(cfg):
    leaf = cfg.train_dataloader.dataset
    other = leaf.copy()
    other['metainfo'] = dict(classes=('cat', 'dog'))
    cfg.train_dataloader.dataset = dict(type='ConcatDataset', datasets=[leaf, other])
    with pytest.raises(UserError, match='do not share one list'):
        ExtractionDataset(cfg)


def test_labels_are_right_where_a_missing_class_is_allowed(cfg):
    names = ('cat', 'zebra', 'dog', 'bird')
    right = ExtractionDataset(cfg)
    cfg.train_dataloader.dataset.metainfo = dict(classes=names)
    pool = ExtractionDataset(cfg, allow_missing_classes=True)
    assert [names[label] for label in pool.objects['label']] == [CLASSES[label] for label in right.objects['label']]


def test_proposals_of_fast_rcnn_are_not_asked_for(cfg):
    cfg.train_dataloader.dataset.proposal_file = 'proposals/none.pkl'
    assert ExtractionDataset(cfg)[0].error is None


def test_padding_on_all_sides_moves_the_boxes(cfg):
    plain = ExtractionDataset(cfg)
    cfg.test_dataloader.dataset.pipeline = [
        dict(type='LoadImageFromFile', to_float32=True),
        dict(type='Resize', scale=(192, 128), keep_ratio=True),
        dict(type='RandomCenterCropPad', ratios=None, border=None, mean=[0] * 3, std=[1] * 3, to_rgb=True,
             test_mode=True, test_pad_mode=['logical_or', 127]),
        dict(type='LoadAnnotations', with_bbox=True),
        dict(type='PackDetInputs'),
    ]  # fmt: skip
    padded = ExtractionDataset(cfg)
    for index in range(4):
        one, other = plain[index], padded[index]
        assert other.error is None
        assert other.inputs.shape[-1] & 127 == other.inputs.shape[-2] & 127 == 127
        for box, moved in zip(one.boxes.round().astype(int), other.boxes.round().astype(int), strict=True):
            own, same = (
                image[:, y1:y2, x1:x2].astype(float)
                for image, (x1, y1, x2, y2) in ((one.inputs, box), (other.inputs, moved))
            )
            assert own.shape == same.shape
            assert np.abs(own - same).mean() < 1


def test_a_package_that_annotations_need_is_named(cfg, monkeypatch):
    monkeypatch.setitem(sys.modules, 'lvis', None)
    lvis = cfg.copy()
    lvis.train_dataloader.dataset.type = 'LVISV1Dataset'
    with pytest.raises(UserError, match=r'LVISV1Dataset needs what is not installed here \(.*lvis.*\); install it'):
        ExtractionDataset(lvis)


def test_a_package_that_images_need_is_named(cfg):
    cfg.test_dataloader.dataset.pipeline[0] = dict(type='LoadImageFromFile', backend_args=dict(backend='petrel'))
    pool = ExtractionDataset(cfg)
    with pytest.raises(UserError, match=r'Images cannot be loaded without what is not installed here .*petrel_client'):
        list(pool.checked([pool[0]], strict=False))


def test_the_traceback_of_an_unreadable_image_is_shown_on_request(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(TRACEBACK, '1')
    write_coco(tmp_path, 1)
    (tmp_path / 'images' / '000.png').unlink()
    assert ExtractionDataset(small_config(tmp_path))[0].error.startswith('FileNotFoundError')
    assert 'prepare_data' in capsys.readouterr().err


def test_videos_are_refused(cfg):
    class Clips(BaseDataset):
        def load_data_list(self):
            return [{'video_id': 0, 'images': [{'img_path': 'a.png', 'instances': []}]}]

    cfg.train_dataloader.dataset = dict(type=Clips, metainfo=dict(classes=('cat',)))
    with pytest.raises(UserError, match='Clips does not hold images with boxes, but videos'):
        ExtractionDataset(cfg)
