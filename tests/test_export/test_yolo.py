import math
import shutil
from pathlib import Path

import cv2
import pytest
import yaml
from mmdet.registry import DATASETS
from PIL import ExifTags, Image

from mmcsod.export import export_coreset
from mmcsod.export.yolo import label_line
from mmcsod.util.errors import UserError
from tests.test_datasets.conftest import CLASSES, COCO_PICKS, VOC_PICKS, coco_leaf, make_coreset, voc_leaf
from tests.test_export.conftest import own_format, training_config


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
        used = [each for each in info['instances'] if not each['ignore_flag']]
        boxes = [(CLASSES[each['bbox_label']], *each['bbox']) for each in used]
        yield info['img_path'].removeprefix(leaf['data_root'] + '/'), boxes


def classes_of(labels):
    return {image: [box[0] for box in boxes] for image, boxes in labels}


@pytest.mark.parametrize('images', ['link', 'copy'])
def test_coco_round_trip(images, coco_root, coco_config, coco_coreset, tmp_path):
    export_coreset(coco_coreset, coco_config, 'yolo', tmp_path / 'out', images)
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
    config = training_config(coco_leaf(tmp_path / 'data', data_prefix={'img': folder}))
    picks = [image.replace('train/', f'{folder}/') for image in COCO_PICKS]
    export_coreset(make_coreset(picks), config, 'yolo', tmp_path / 'out', 'link')
    expected = classes_of(mmdets_boxes(coco_leaf(coco_root)))
    assert list(classes_of(read_yolo(tmp_path / 'out')).values()) == [expected[image] for image in sorted(COCO_PICKS)]


def test_names_that_repeat_between_devkits(voc_root, voc_config, voc_coreset, tmp_path):
    export_coreset(voc_coreset, voc_config, 'yolo', tmp_path / 'out', 'link')
    expected = classes_of(box for year in ('VOC2007', 'VOC2012') for box in mmdets_boxes(voc_leaf(voc_root, year)))
    assert classes_of(read_yolo(tmp_path / 'out')) == {image: expected[image] for image in VOC_PICKS}


def test_boxes_are_clipped():
    assert label_line(1, [-10, 5, 50, 15], 40, 20) == '1 0.500000 0.500000 1.000000 0.500000'


def test_what_extraction_leaves_out_is_left_out_and_counted(coco_root, tmp_path):
    """An infinite box, one beside the image, a crowd, an area and a box of no class; sizes in the file are wrong."""
    instances = [
        {'bbox': [0, 0, 24, 16], 'bbox_label': 1},
        {'bbox': [0, 0, math.inf, 9], 'bbox_label': 0},
        {'bbox': [60, 0, 70, 9], 'bbox_label': 0},
        {'bbox': [0, 0, 5, 5], 'bbox_label': 2, 'ignore_flag': 1},
        {'bbox': [0, 0, 5, 5], 'bbox_label': -1, 'ignore_flag': 1},
        {'bbox': [0, 0, 5, 5], 'bbox_label': 3},
    ]
    config = training_config(own_format(coco_root, tmp_path / 'own.json', width=32, height=-1, instances=instances))
    export = export_coreset(make_coreset(['train/0002.jpg']), config, 'yolo', tmp_path / 'out', 'link')
    assert export.left_out.counts == {'not finite': 1, 'outside the image': 1, 'of no class': 1}
    assert (tmp_path / 'out/labels/train/0002.txt').read_text() == '1 0.250000 0.250000 0.500000 0.500000\n'


@pytest.fixture
def turned_root(coco_root, tmp_path):
    """A photograph that its EXIF data turn: trainers decode 32 x 48, while the annotations say 48 x 32."""
    root = shutil.copytree(coco_root, tmp_path / 'own')
    path = root / 'train' / '0002.jpg'
    with Image.open(path) as image:
        exif = image.getexif()
        exif[ExifTags.Base.Orientation] = 6
        image.save(path, exif=exif)
    assert cv2.imread(str(path)).shape == (48, 32, 3)
    return root


def test_an_image_that_the_detector_saw_unturned_is_refused(turned_root, tmp_path):
    loader = {'type': 'LoadImageFromFile', 'color_type': 'color_ignore_orientation'}
    config = training_config({**coco_leaf(turned_root), 'pipeline': [loader]})
    with pytest.raises(UserError, match=r'The EXIF data of the image train/0002\.jpg turn it'):
        export_coreset(make_coreset(['train/0002.jpg']), config, 'yolo', tmp_path / 'out', 'link')
    assert not (tmp_path / 'out').exists()
    export_coreset(make_coreset(['train/0003.jpg']), config, 'yolo', tmp_path / 'out', 'link')


def test_shares_are_of_the_turned_image(turned_root, tmp_path):
    config = training_config(coco_leaf(turned_root))
    export_coreset(make_coreset(['train/0002.jpg']), config, 'yolo', tmp_path / 'out', 'link')
    boxes = dict(read_yolo(tmp_path / 'out'))['train/0002.jpg']
    expected = dict(mmdets_boxes(coco_leaf(turned_root)))['train/0002.jpg']
    for box, wanted in zip(boxes, expected, strict=True):
        clipped = [min(value, side) for value, side in zip(wanted[1:], (32, 48, 32, 48), strict=True)]
        assert box[1:] == pytest.approx(clipped, abs=1e-3)


def test_labels_are_right_where_the_file_lacks_a_class(coco_root, coco_config, tmp_path):
    classes = ('cat', 'zebra', 'dog', 'bird')
    coco_config.train_dataloader.dataset.dataset.metainfo = dict(classes=classes)
    export_coreset(make_coreset(COCO_PICKS, classes), coco_config, 'yolo', tmp_path / 'out', 'link')
    expected = classes_of(mmdets_boxes(coco_leaf(coco_root)))
    assert classes_of(read_yolo(tmp_path / 'out')) == {image: expected[image] for image in COCO_PICKS}
