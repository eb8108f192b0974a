import pytest

from .labels import PLAIN, broken, check, counts


def put(part, position, **values):
    return lambda content: content[part][position].update(values)


def add(part, **values):
    return lambda content: content[part].append(values)


def drop(name, position, key):
    return lambda content: content[name][position].pop(key)


@pytest.mark.parametrize(
    ('change', 'found', 'says'),
    [
        (put('images', 1, id=1), {'image id twice': 1}, '1: "1.png, 2.png"'),
        (put('images', 1, id=None), {'image without id': 1}, '2.png'),
        (put('images', 1, file_name='./1.png'), {'image twice': 1}, 'ids "1, 2"'),
        (put('images', 1, file_name='\ud800'), {'image without name': 1}, 'image 2'),
        (put('images', 1, file_name=None), {'image without name': 1}, 'image 2'),
        (put('annotations', 0, image_id='2'), {'id of another type': 1}, 'annotation 1: image_id "2"'),
        (put('annotations', 0, image_id=9), {'unknown image': 1}, 'annotation 1: image_id 9'),
        (put('annotations', 0, category_id=0), {'unknown category': 1}, 'category_id 0'),
        (drop('annotations', 0, 'category_id'), {'no category': 1}, 'annotation 1'),
        (drop('annotations', 0, 'image_id'), {'no image': 1}, 'annotation 1'),
        (add('images', id=4, file_name='4.png', width=9, height=9), {'image without objects': 1}, '4.png'),
        (lambda content: content.pop('annotations'), {'no objects': 1}, '3 images, 0 annotations'),
        (
            lambda content: [one.update(category_id='disc') for one in content['annotations']],
            {'no objects': 1},
            'label',
        ),
        (put('categories', 1, id=1), {'category id twice': 1}, 'disc, caf'),
        (put('categories', 1, name=3), {'odd category': 1}, '"name": 3'),
        (put('categories', 1, name=' '), {'odd category': 1}, '"name": " "'),
        (put('categories', 1, name='disc'), {'category twice': 1}, '"disc": ids "1, 2"'),
        (add('categories', id=3, name='dis\u200bc'), {'categories alike': 1}, r"'disc', 'dis\u200bc'"),
        (add('categories', id=3, name='cafe\u0301 '), {'categories alike': 1}, r"'cafe\u0301 ', 'caf\xe9'"),
    ],
)
def test_faults_name_the_entry_and_the_value(change, found, says):
    labels = check(broken(change))
    # What else comes of it: an annotation or an image that its partner has lost.
    rest = {'unknown image', 'unknown category', 'image without objects'} - found.keys()
    assert {kind: count for kind, count in counts(labels).items() if kind not in rest} == found
    assert says in str(next(one for one in labels.findings if one.kind in found))


def test_ids_that_are_missing_or_taken_are_numbered_anew():
    def change(content):
        content['annotations'][0]['id'] = None
        content['annotations'][1]['id'] = 9

    labels = check(broken(change))
    assert counts(labels) == {'annotation id': 2}
    numbers = [one['id'] for one in labels.content['annotations']]
    assert len(set(numbers)) == len(numbers) == 9
    assert numbers[2:8] == [3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize(
    ('change', 'kind'),
    [
        *(
            (lambda content, name=name: content[name].append(dict(content[name][0])), 'repeated entry')
            for name in PLAIN
        ),
        (lambda content: content['categories'].insert(0, {'id': 0, 'name': 'disc'}), 'unused category'),
        (lambda content: content.update(annotation=content.pop('annotations')), 'singular key'),
    ],
)
def test_what_needs_no_guess_is_mended(change, kind):
    labels = check(broken(change))
    assert counts(labels) == {kind: 1}
    assert labels.content == PLAIN
