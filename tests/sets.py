"""Small data sets on disk, built from few words."""

import json


def image_entry(number, name, size, **more):
    """An image of a COCO file."""
    return {'id': number, 'file_name': name, 'width': size[0], 'height': size[1], **more}


def annotation(number, image, category, box, **more):
    """An object of a COCO file."""
    area = box[2] * box[3]
    return {'id': number, 'image_id': image, 'category_id': category, 'bbox': box, 'area': area, 'iscrowd': 0, **more}


def write_labels(path, images, annotations, classes, **more):
    """Write a COCO file whose categories are numbered from 1, or from a dict of numbers and names."""
    numbered = classes if isinstance(classes, dict) else dict(enumerate(classes, start=1))
    categories = [{'id': number, 'name': name} for number, name in numbered.items()]
    content = {'images': images, 'annotations': annotations, 'categories': categories, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return content


def voc_objects(objects):
    """The objects of a VOC annotation file, given as (class, (x1, y1, x2, y2), difficult)."""
    corners = ('xmin', 'ymin', 'xmax', 'ymax')
    for name, box, difficult in objects:
        sides = ''.join(f'<{corner}>{value}</{corner}>' for corner, value in zip(corners, box, strict=True))
        yield f'<object><name>{name}</name><difficult>{difficult}</difficult><bndbox>{sides}</bndbox></object>'


def write_voc(devkit, name, size, objects):
    """Write the annotations of one image into a VOC folder."""
    width, height = size
    path = devkit / 'Annotations' / f'{name}.xml'
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = f'<size><width>{width}</width><height>{height}</height><depth>3</depth></size>'
    path.write_text(f'<annotation>{sizes}{"".join(voc_objects(objects))}</annotation>')


def write_voc_list(devkit, split, names):
    path = devkit / 'ImageSets' / 'Main' / f'{split}.txt'
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(''.join(f'{name}\n' for name in names))
