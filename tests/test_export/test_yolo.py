import shutil
from pathlib import Path

import cv2
import pytest
import yaml
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmcsod.export import export_coreset
from mmcsod.records.coreset import Coreset
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import CLASSES, COCO_PICKS, VOC_PICKS, coco_leaf, make_coreset, voc_leaf


def label_path(image):
    """Ultralytics' rule (img2label_paths); that of YOLOv7, which puts the first `images` in place, must agree."""
    path = '/labels/'.join(str(image).rsplit('/images/', 1)).rsplit('.', 1)[0] + '.txt'
    assert path == str(image).replace('/images/', '/labels/', 1).rsplit('.', 1)[0] + '.txt'
    return Path(path)


def read_yolo(directory):
    """What a YOLO trainer reads: for each line of the list, the label file found by its rule, boxes in pixels."""
    data = yaml.safe_load((directory / 'data.yaml').read_text())
    for line in (directory / data['train']).read_text().split():
        image = directory / line
        label = label_path(image)
        height, width = cv2.imread(str(image)).shape[:2]
        boxes = []
        for row in label.read_text().splitlines():
            number, x, y, w, h = row.split()
            x, y, w, h = float(x) * width, float(y) * height, float(w) * width, float(h) * height
            boxes.append((data['names'][int(number)], x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        yield line.removeprefix('./images/'), boxes


def mmdets_boxes(leaf):
    dataset = DATASETS.build(leaf)
    for info in map(dataset.get_data_info, range(len(dataset))):
        yield (
            info['img_path'].removeprefix(leaf['data_root'] + '/'),
            [
                (CLASSES[instance['bbox_label']], *instance['bbox'])
                for instance in info['instances']
                if not instance['ignore_flag']
            ],
        )


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_coco_round_trip(images, coco_root, coco_config, coco_coreset, tmp_path):
    export_coreset(Coreset.load(coco_coreset), coco_config, 'yolo', tmp_path / 'out', images)
    found = dict(read_yolo(tmp_path / 'out'))
    expected = dict(mmdets_boxes(coco_leaf(coco_root)))
    assert list(found) == sorted(COCO_PICKS)
    for image, boxes in found.items():
        assert [box[0] for box in boxes] == [box[0] for box in expected[image]]
        for box, wanted in zip(boxes, expected[image], strict=True):
            assert box[1:] == pytest.approx(wanted[1:], abs=1e-3)


@pytest.mark.parametrize('folder', ['images', 'train/images', 'images/100k/train', 'images/images'])
def test_labels_are_found_of_images_in_folders_called_images(folder, coco_root, coco_coreset, tmp_path):
    shutil.copytree(coco_root / 'train', tmp_path / 'data' / folder)
    (tmp_path / 'data' / 'train.json').write_bytes((coco_root / 'train.json').read_bytes())
    config = Config({'train_dataloader': {'dataset': coco_leaf(tmp_path / 'data', data_prefix={'img': folder})}})
    picks = [image.replace('train/', f'{folder}/') for image in COCO_PICKS]
    export_coreset(make_coreset(picks), config, 'yolo', tmp_path / 'out', 'link')
    found, expected = dict(read_yolo(tmp_path / 'out')), dict(mmdets_boxes(coco_leaf(coco_root)))
    assert [[box[0] for box in found[image]] for image in found] == [
        [box[0] for box in expected[image]] for image in sorted(COCO_PICKS)
    ]


def test_names_that_repeat_between_devkits(voc_root, voc_config, voc_coreset, tmp_path):
    export_coreset(Coreset.load(voc_coreset), voc_config, 'yolo', tmp_path / 'out', 'link')
    found = dict(read_yolo(tmp_path / 'out'))
    assert set(found) == set(VOC_PICKS)
    for year in ('VOC2007', 'VOC2012'):
        expected = dict(mmdets_boxes(voc_leaf(voc_root, year)))
        for image in VOC_PICKS:
            if image.startswith(year):
                assert [box[0] for box in found[image]] == [box[0] for box in expected[image]]


def test_boxes_are_clipped_and_empty_ones_left_out():
    from mmcsod.export.yolo import _labels

    instances = [
        {'bbox': [-10, 5, 50, 15], 'bbox_label': 1},
        {'bbox': [7, 3, 7, 9], 'bbox_label': 0},
        {'bbox': [0, 0, 5, 5], 'bbox_label': 2, 'ignore_flag': 1},
    ]
    lines = list(_labels({'width': 40, 'height': 20, 'instances': instances}))
    assert lines == ['1 0.500000 0.500000 1.000000 0.500000']


def test_ignored_boxes_without_a_class_are_left_out(crowdhuman_config, tmp_path):
    export_coreset(make_coreset(['Images/0002.jpg'], ('person',)), crowdhuman_config, 'yolo', tmp_path / 'out', 'link')
    ((_, boxes),) = read_yolo(tmp_path / 'out')
    assert [box[0] for box in boxes] == ['person']


def test_images_cannot_stay_where_they_are(coco_config, coco_coreset, tmp_path):
    with pytest.raises(UserError, match='--images link'):
        export_coreset(Coreset.load(coco_coreset), coco_config, 'yolo', tmp_path / 'out')
    assert list(tmp_path.glob('*out*')) == []


def test_labels_are_right_where_the_file_lacks_a_class(coco_root, coco_config, tmp_path):
    classes = ('cat', 'zebra', 'dog', 'bird')
    coco_config.train_dataloader.dataset.dataset.metainfo = dict(classes=classes)
    export_coreset(make_coreset(COCO_PICKS, classes), coco_config, 'yolo', tmp_path / 'out', 'link')
    expected = dict(mmdets_boxes(coco_leaf(coco_root)))
    for image, boxes in read_yolo(tmp_path / 'out'):
        assert [box[0] for box in boxes] == [box[0] for box in expected[image]]
