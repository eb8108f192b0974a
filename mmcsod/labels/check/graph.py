"""An annotation file as a graph: images, categories, and annotations that name one of each.

Each check takes the content of a file and returns what it found; those that mend something change the content, which is
the reader's own.
"""

import posixpath
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from mmcsod.labels.check.findings import Finding, Unreadable, found, short

LISTS = {'images': 'image', 'annotations': 'annotation', 'categories': 'category'}
"""The lists of a COCO file, and what one entry is called."""
OF_IMAGE_LISTS = {'images', 'categories', 'info', 'licenses', 'type'}
"""The keys of a file that lists images to be tested, without annotations."""

REFERENCES = (
    ('image_id', 'images', 'no image', 'unknown image'),
    ('category_id', 'categories', 'no category', 'unknown category'),
)
"""What annotations name, the list it is in, and the kinds of finding without it or its entry."""

NOT_IN_NAMES = '\0\n\r'
"""What no file name holds, and what lists of images, one a line, cannot."""

Content = dict[str, Any]
Entry = dict[str, Any]


def check_structure(content: Any, file: str) -> list[Finding]:
    """See that ``content`` is an object with three lists of objects; keys in the singular are renamed.

    Raises:
        Unreadable: If it is not.
    """
    if isinstance(content, list):
        _refuse_list(content, file)
    if not isinstance(content, dict):
        raise Unreadable('missing list', file, f'the file holds {short(content)}')
    renamed = [name for name in LISTS if name not in content and LISTS[name] in content]
    for name in renamed:
        content[name] = content.pop(LISTS[name])
    if not content.keys() - OF_IMAGE_LISTS and 'images' in content:
        content['annotations'] = []
    for name in LISTS:
        if not isinstance(content.get(name), list) or not (content[name] or name == 'annotations'):
            raise Unreadable('missing list', file, f'{name} is {_kind_of(content, name)}')
    for name in LISTS:
        odd = [position for position, entry in enumerate(content[name]) if not isinstance(entry, dict)]
        if odd:
            raise Unreadable('odd entry', file, f'{name}[{odd[0]}]: {short(content[name][odd[0]])}')
    return found('singular key', file, renamed, lambda name: f'{LISTS[name]} for {name}')


def check_graph(content: Content, file: str) -> list[Finding]:
    """Check ids, names and references; mend what needs no guess, in place."""
    return [one for check in CHECKS for one in check(content, file)]


def entry_name(entry: Mapping[str, Any], what: str = 'annotation') -> str:
    """Return how an entry is called in an example."""
    return f'{what} {short(entry["id"])}' if 'id' in entry else f'{what} {short(entry)}'


def is_id(value: Any) -> bool:
    """Return whether a value may be an id: a number or a text."""
    kind = type(value)
    return kind is int or kind is str or (kind is float and value == value)


def is_text(value: Any) -> TypeGuard[str]:
    """Return whether a value is a text that can be written again: without half characters."""
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _refuse_list(content: Sequence[Any], file: str) -> None:
    if content and isinstance(content[0], dict) and 'score' in content[0]:
        raise Unreadable('detection results', file, f'the first is {short(content[0])}')
    raise Unreadable('missing list', file, 'the file holds a list, not an object with images, annotations, categories')


def _kind_of(content: Mapping[str, Any], name: str) -> str:
    if name not in content:
        return f'missing, and there are {short(", ".join(map(str, content)))}'
    return 'an object' if isinstance(content[name], dict) else short(content[name])


def _repeated_entries(content: Content, file: str) -> list[Finding]:
    """Drop entries that repeat an earlier one to the letter: MMDetection refuses ids that are there twice."""
    dropped: list[str] = []
    for name, what in LISTS.items():
        first: dict[Any, Entry] = {}
        repeated = set()
        for entry in content[name]:
            number = entry.get('id')
            if is_id(number) and first.setdefault(number, entry) is not entry and first[number] == entry:
                repeated.add(id(entry))
        if repeated:
            dropped += [entry_name(entry, what) for entry in content[name] if id(entry) in repeated]
            content[name] = [entry for entry in content[name] if id(entry) not in repeated]
    return found('repeated entry', file, dropped)


def _annotation_ids(content: Content, file: str) -> list[Finding]:
    """Number annotations whose id is missing, null or taken by another one."""
    taken: set[Any] = set()
    without = []
    for annotation in content['annotations']:
        number = annotation.get('id')
        if not is_id(number) or number in taken:
            without.append(annotation)
        else:
            taken.add(number)
    findings = found('annotation id', file, without, entry_name)
    following = 1 + max((number for number in taken if isinstance(number, int)), default=0)
    for number, annotation in enumerate(without, following):
        annotation['id'] = number
    return findings


def _image_ids(content: Content, file: str) -> list[Finding]:
    without = [image for image in content['images'] if not is_id(image.get('id'))]
    files: dict[Any, list[Entry]] = _grouped(content['images'], 'id')
    twice = [images for images in files.values() if len(images) > 1]
    return found('image without id', file, without, short) + found(
        'image id twice', file, twice, lambda images: f'{short(images[0]["id"])}: {_names(images, "file_name")}'
    )


def _file_names(content: Content, file: str) -> list[Finding]:
    without = [image for image in content['images'] if not _has_name(image)]
    by_path: dict[str, list[Entry]] = defaultdict(list)
    for image in content['images']:
        if isinstance(image.get('file_name'), str):
            by_path[posixpath.normpath(image['file_name'])].append(image)
    twice = [images for images in by_path.values() if len({short(image.get('id')) for image in images}) > 1]
    return found('image without name', file, without, _show_name) + found(
        'image twice', file, twice, lambda images: f'{short(images[0]["file_name"])}: ids {_names(images, "id")}'
    )


def _show_name(image: Entry) -> str:
    return f'{entry_name(image, "image")}: file_name {short(image.get("file_name"))}'


def _has_name(image: Mapping[str, Any]) -> bool:
    name = image.get('file_name')
    return _is_name(name) and not any(char in name for char in NOT_IN_NAMES)


def _is_name(value: Any) -> TypeGuard[str]:
    return is_text(value) and bool(value.strip())


def check_references(content: Content, file: str) -> list[Finding]:
    """Count annotations whose image or category is not listed; MMDetection leaves them out without a word."""
    findings = []
    for key, name, missing, unknown in REFERENCES:
        known = {entry.get('id') for entry in content[name] if is_id(entry.get('id'))}
        texts = {str(number) for number in known}
        faults: dict[str, list[Entry]] = {missing: [], 'id of another type': [], unknown: []}
        for annotation in content['annotations']:
            number = annotation.get(key)
            if not is_id(number):
                faults[missing].append(annotation)
            elif number not in known:
                faults['id of another type' if str(number) in texts else unknown].append(annotation)

        def show(annotation: Entry, key: str = key) -> str:
            return f'{entry_name(annotation)}: {key} {short(annotation.get(key))}'

        findings += [one for kind, entries in faults.items() for one in found(kind, file, entries, show)]
    return findings


def _categories(content: Content, file: str) -> list[Finding]:
    categories = content['categories']
    odd = [one for one in categories if not is_id(one.get('id')) or not _is_name(one.get('name'))]
    by_id = [group for group in _grouped(categories, 'id').values() if len(group) > 1]
    findings = found('odd category', file, odd, short)
    findings += found('category id twice', file, by_id, lambda group: f'{short(group[0]["id"])}: {_names(group)}')
    return findings + _categories_twice(content, file)


def _categories_twice(content: Content, file: str) -> list[Finding]:
    """Drop a category without objects that is called as another one, as some tools write for the whole set."""
    used = {number for one in content['annotations'] if is_id(number := one.get('category_id'))}
    unused, twice = [], []
    for group in _grouped(content['categories'], 'name').values():
        if len({short(one.get('id')) for one in group}) > 1:
            kept = [one for one in group if is_id(one.get('id')) and one['id'] in used] or group[:1]
            unused += [one for one in group if one not in kept]
            twice += [kept] if len(kept) > 1 else []
    content['categories'] = [one for one in content['categories'] if one not in unused]
    return found('unused category', file, unused, short) + found(
        'category twice', file, twice, lambda group: f'{short(group[0]["name"])}: ids {_names(group, "id")}'
    )


def _categories_alike(content: Content, file: str) -> list[Finding]:
    alike: dict[str, set[str]] = defaultdict(set)
    for category in content['categories']:
        if isinstance(category.get('name'), str):
            alike[plain_name(category['name'])].add(category['name'])
    groups = [sorted(names) for names in alike.values() if len(names) > 1]
    return found('categories alike', file, groups, lambda names: ', '.join(map(ascii, names)))


def plain_name(name: str) -> str:
    """Return a name without what cannot be seen: Unicode form, blanks around it, invisible letters, letter case."""
    if not name.isascii():
        name = ''.join(char for char in unicodedata.normalize('NFKC', name) if unicodedata.category(char) != 'Cf')
    return ' '.join(name.split()).casefold()


def _without_objects(content: Content, file: str) -> list[Finding]:
    images = {image.get('id'): image for image in content['images'] if is_id(image.get('id'))}
    categories = {one['id'] for one in content['categories'] if is_id(one.get('id'))}
    objects = {
        number
        for one in content['annotations']
        if is_id(number := one.get('image_id')) and is_id(one.get('category_id')) and one['category_id'] in categories
    }
    empty = [image for number, image in images.items() if number not in objects]
    if len(empty) == len(images):
        return [Finding('no objects', file, 1, (f'{len(images)} images, {len(content["annotations"])} annotations',))]
    return found('image without objects', file, empty, lambda image: short(image.get('file_name')))


def _grouped(entries: Iterable[Entry], key: str) -> dict[Any, list[Entry]]:
    groups: dict[Any, list[Entry]] = defaultdict(list)
    for entry in entries:
        if is_id(entry.get(key)):
            groups[entry[key]].append(entry)
    return groups


def _names(group: Sequence[Entry], key: str = 'name') -> str:
    return short(', '.join(str(entry.get(key)) for entry in group))


CHECKS: tuple[Callable[[Content, str], list[Finding]], ...] = (
    _repeated_entries,
    _annotation_ids,
    _image_ids,
    _file_names,
    check_references,
    _categories,
    _categories_alike,
    _without_objects,
)
"""In the order in which they mend and report."""
