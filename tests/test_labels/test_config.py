"""From labels to a config that MMDetection reads."""

import gzip
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from mmcsod import UserError
from mmcsod.features.options import default_work_dir
from mmcsod.labels.config import config_of, is_labels, labels_work_dir, write_config
from mmcsod.util.config import load_config

XML = """<annotation><object><name>{name}</name><difficult>{difficult}</difficult>
<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>11</xmax><ymax>22</ymax></bndbox></object></annotation>"""


def write_image(path, width=64, height=48, orientation=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    image, exif = Image.fromarray(np.zeros((height, width, 3), np.uint8)), Image.Exif()
    if orientation:
        exif[0x0112] = orientation
    image.save(path, exif=exif)


@pytest.fixture
def yolo(tmp_path):
    """Two images, of which one is turned by EXIF and has a box and a polygon, and one for validation without labels."""
    write_image(tmp_path / 'images' / 'train' / 'a.jpg', orientation=6)
    write_image(tmp_path / 'images' / 'train' / 'empty.jpg')
    write_image(tmp_path / 'images' / 'val' / 'b.jpg')
    labels = tmp_path / 'labels' / 'train'
    labels.mkdir(parents=True)
    (labels / 'a.txt').write_text('1 0.5 0.5 0.25 0.5\n0 0.1 0.2 0.3 0.2 0.3 0.6 0.1 0.6\n')
    (tmp_path / 'data.yaml').write_text('train: images/train\nval: images/val\nnames: {0: cat, 1: "do, g"}\n')
    return tmp_path / 'data.yaml'


@pytest.fixture
def voc(tmp_path):
    (tmp_path / 'VOC' / 'Annotations').mkdir(parents=True)
    lists = tmp_path / 'VOC' / 'ImageSets' / 'Main'
    lists.mkdir(parents=True)
    for name, difficult in (('a.b', 0), ('c', 1), ('d', 0)):
        write_image(tmp_path / 'VOC' / 'JPEGImages' / f'{name}.jpg')
        (tmp_path / 'VOC' / 'Annotations' / f'{name}.xml').write_text(XML.format(name='cat', difficult=difficult))
    (lists / 'trainval.txt').write_text('a.b\r\nc  1\n\n')
    (lists / 'val.txt').write_text('d.jpg\n')
    return tmp_path / 'VOC'


def read(path):
    return json.loads(path.read_text())


def test_yolo_boxes_are_shares_of_the_image_as_it_is_decoded(yolo):
    config = load_config(str(write_config(yolo, yolo.parent / 'out')))
    assert config.classes == ('cat', 'do, g')
    assert config.train_dataloader.dataset.data_root == f'{yolo.parent}/images/train/'
    content = read(yolo.parent / 'out' / 'train.json')
    images = [(image['file_name'], image['width'], image['height']) for image in content['images']]
    assert images == [('a.jpg', 48, 64), ('empty.jpg', 64, 48)]
    boxes = [(each['image_id'], each['category_id'], each['bbox']) for each in content['annotations']]
    assert boxes == [(1, 2, [18, 16, 12, 32]), (1, 1, [4.8, 12.8, 9.6, 25.6])]


def test_a_split_that_nobody_gives_is_none_and_classes_without_objects_are_left_out(yolo):
    (yolo.parent / 'labels' / 'train' / 'a.txt').write_text('1 0.5 0.5 0.25 0.5\n')
    config = load_config(str(write_config(yolo, yolo.parent / 'out')))
    assert config.classes == ('do, g',)
    assert (config.test_dataloader, config.test_cfg, config.test_evaluator) == (None, None, None)
    assert config.val_evaluator.ann_file == str(yolo.parent / 'out' / 'val.json')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('2 0.5 0.5 0.2 0.2', r'a\.txt, line 2 is of class 2, and there are names for 0 to 1'),
        ('0 0.5 0.5 0.2', r'a\.txt, line 2 has 4 numbers'),
        ('0 0.5 0.5 0.2 nan', r'a\.txt, line 2 is not a class number'),
        ('0 0.5 0.5 0.2 0.2 0.9', r'a\.txt, line 2 has 6 numbers'),
        ('0 32 24 10 10', r'a\.txt, line 2 is not in shares of the image'),
        ('cat 0.5 0.5 0.2 0.2', r'a\.txt, line 2 is not a class number'),
    ],
)
def test_a_wrong_yolo_line_is_named(yolo, line, message):
    (yolo.parent / 'labels' / 'train' / 'a.txt').write_text(f'0 0.5 0.5 0.2 0.2\n{line}\n')
    with pytest.raises(UserError, match=message):
        write_config(yolo, yolo.parent / 'out')
    assert not (yolo.parent / 'out' / 'config.py').exists()


def test_label_files_without_an_image_are_counted(yolo, caplog):
    labels = yolo.parent / 'labels' / 'train'
    (labels / 'classes.txt').write_text('cat\ndog\n')
    write_config(yolo, yolo.parent / 'out')
    assert 'label files' not in caplog.text
    for name in ('c', 'b'):
        shutil.copy(labels / 'a.txt', labels / f'{name}.txt')
    write_config(yolo, yolo.parent / 'out')
    assert f'2 label files have no image and do not count, {labels}/b.txt first' in caplog.text


def test_keypoints_are_no_polygon_and_images_named_twice_count_once(yolo):
    text = yolo.read_text().replace('train: images/train', 'train: [images/train, images/train]')
    yolo.write_text(f'{text}kpt_shape: [1, 3]\n')
    (yolo.parent / 'labels' / 'train' / 'a.txt').write_text('1.0 0.5 0.5 0.25 0.5 0.1 0.1 2\n')
    write_config(yolo, yolo.parent / 'out')
    assert [each['bbox'] for each in read(yolo.parent / 'out' / 'train.json')['annotations']] == [[18, 16, 12, 32]]


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('names: [cat, yes]', r'data\.yaml: YAML reads a name as True; write it in quotes'),
        ('names: [cat, cat]', r"data\.yaml: `names` has 'cat' twice"),
        ('names: {0: cat, x: dog}', r'data\.yaml: the numbers of `names` are not 0 to 1'),
        ('train: 5', r'data\.yaml: `train` is 5; name a folder'),
        ('kpt_shape: 17', r'data\.yaml: `kpt_shape` is 17; write'),
        ('val: nowhere', r'data\.yaml: `val` names nowhere, and there is no'),
        ('train: list.txt', r'list\.txt names 1 images that are not there .*/b\.jpg'),
        ('train: images/none', r'No image has a label file; that of .*/images/none/a\.jpg would be .*/none/a\.txt'),
    ],
)
def test_what_a_yaml_file_names_wrongly_is_named(yolo, line, message):
    key = line.partition(':')[0]
    lines = [one for one in yolo.read_text().splitlines() if not one.startswith(key)]
    yolo.write_text('\n'.join([*lines, line]))
    (yolo.parent / 'list.txt').write_text('images/train/a.jpg\nb.jpg\n')
    (yolo.parent / 'images' / 'none').mkdir()
    shutil.copy(yolo.parent / 'images' / 'train' / 'a.jpg', yolo.parent / 'images' / 'none')
    with pytest.raises(UserError, match=message):
        write_config(yolo, yolo.parent / 'out')


def test_voc_lists_make_splits_and_difficult_objects_are_ignored(voc):
    write_config(voc, voc.parent / 'out')
    train, val = read(voc.parent / 'out' / 'train.json'), read(voc.parent / 'out' / 'val.json')
    assert [image['file_name'] for image in train['images']] == ['a.b.jpg', 'c.jpg']
    boxes = [(each['bbox'], each['iscrowd']) for each in train['annotations']]
    assert boxes == [([0, 1, 10, 20], 0), ([0, 1, 10, 20], 1)]  # VOC counts pixels from 1
    assert [image['file_name'] for image in val['images']] == ['d.jpg']


@pytest.mark.parametrize(
    ('xml', 'message'),
    [
        ('', 'c.xml is not readable XML'),
        ('<a><object><name>x</name></object></a>', 'c.xml: object 1 has no box of four numbers'),
        (XML.format(name=' ', difficult=0), 'c.xml: object 1 has no name'),
        (XML.format(name='x', difficult=0).replace('>11<', '>nan<'), r"c.xml: object 1 has no box .*'nan'"),
        (XML.replace('<annotation>', '<annotation xmlns="http://x.org">'), 'c.xml has a namespace.* remove xmlns'),
    ],
)
def test_a_wrong_xml_file_is_named(voc, xml, message):
    (voc / 'Annotations' / 'c.xml').write_text(xml)
    with pytest.raises(UserError, match=message):
        write_config(voc, voc.parent / 'out')


def test_all_faulty_label_files_are_named_at_once(voc, yolo):
    for name in ('a.b.xml', 'c.xml'):
        (voc / 'Annotations' / name).write_text('<a><object/></a>')
    with pytest.raises(UserError, match=r'^2 label files are faulty: .*a\.b\.xml: object 1 .*c\.xml: object 1 '):
        write_config(voc, voc.parent / 'out')
    for number in range(6):
        Image.new('RGB', (8, 8)).save(yolo.parent / 'images' / 'train' / f'{number}.png')
        (yolo.parent / 'labels' / 'train' / f'{number}.txt').write_text('9 0 0 1 1\n')
    with pytest.raises(UserError, match=r'^6 label files are faulty: .*4\.txt, line 1 is of class 9.* and 1 more\.$'):
        write_config(yolo, yolo.parent / 'out')


@pytest.mark.parametrize('name', ['Annotations/2012/c.xml', 'JPEGImages/c.png'])
def test_two_voc_files_of_one_name_are_refused(voc, name):
    (voc / 'Annotations' / '._c.xml').write_bytes(b'\0\5\x16\7')  # as macOS leaves it
    write_config(voc, voc.parent / 'before')
    (voc / name).parent.mkdir(exist_ok=True)
    shutil.copy(voc / name[: name.index('/')] / f'c{".xml" if name.endswith("xml") else ".jpg"}', voc / name)
    with pytest.raises(UserError, match=r'c\.\w+ and .*c\.\w+ have one name'):
        write_config(voc, voc.parent / 'out')


def test_coco_files_stay_where_they_are_and_images_are_found_around_them(yolo):
    out = yolo.parent / 'out'
    write_config(yolo, out)
    (yolo.parent / 'annotations').mkdir()
    moved = (out / 'train.json').rename(yolo.parent / 'annotations' / 'all.json')
    with pytest.raises(UserError, match=r'names images like .* in none of'):
        write_config(moved, yolo.parent / 'coco')
    dataset = load_config(
        str(write_config(moved, yolo.parent / 'coco', yolo.parent / 'images' / 'train'))
    ).train_dataloader.dataset
    assert (dataset.ann_file, dataset.data_root) == (str(moved), f'{yolo.parent}/images/train/')


def test_unreadable_images_are_left_out_and_counted_but_one_is_needed(yolo, caplog):
    train = yolo.parent / 'images' / 'train'
    (train / 'empty.jpg').write_bytes(b'')
    write_config(yolo, yolo.parent / 'out')
    assert [each['file_name'] for each in read(yolo.parent / 'out' / 'train.json')['images']] == ['a.jpg']
    assert f'1 of 2 images cannot be read and are left out: {train}/empty.jpg (0 bytes); mend them' in caplog.text
    (train / 'a.jpg').write_bytes(b'<html>')
    with pytest.raises(UserError, match=r'^2 of 2 images cannot be read: .*a\.jpg \(an HTML or XML page\), .*empty'):
        write_config(yolo, yolo.parent / 'again')


def test_an_edited_config_stays(yolo):
    path = write_config(yolo, yolo.parent / 'out')
    assert write_config(yolo, yolo.parent / 'out') == path
    path.write_text(path.read_text() + 'mine = 1\n')
    assert default_work_dir(path) == path.parent  # what was extracted with the labels is there
    with pytest.raises(UserError, match='perhaps edited'):
        write_config(yolo, yolo.parent / 'out')
    write_config(yolo, yolo.parent / 'out', overwrite=True)
    assert 'mine' not in path.read_text()


def test_what_counts_as_labels(yolo, voc, tmp_path):
    config = tmp_path / 'config.json'
    config.write_text('{"model": {}}')
    broken = tmp_path / 'broken.json'
    broken.write_text('{"images": [')
    assert [is_labels(path) for path in (yolo, voc, broken, config, 'mmdet::x.py', tmp_path / 'c.py')] == [
        True, True, True, False, False, False,
    ]  # fmt: skip
    packed = tmp_path / 'train.json.gz'
    packed.write_bytes(gzip.compress(b'{}'))
    with pytest.raises(UserError, match=r'train\.json\.gz is packed.* unpack it'):
        config_of(packed)
    assert config_of('mmdet::x.py') == 'mmdet::x.py'
    with pytest.raises(UserError, match='go with labels'):
        config_of('mmdet::x.py', images='photos')
    with pytest.raises(UserError, match='There are no labels none'):
        config_of('none.json', images='photos')
    assert labels_work_dir(voc / 'Annotations').name == 'VOC'
