"""A COCO results file: boxes that a detector predicted, checked as annotations are."""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mmcsod.labels.check.boxes import check_boxes
from mmcsod.labels.check.decode import as_utf8, parse
from mmcsod.labels.check.findings import Finding, Unreadable, found, short
from mmcsod.labels.check.graph import Content, Entry, check_references, is_id

FOREIGN = {'unknown image': 'foreign image', 'unknown category': 'foreign category'}
"""What is left out of annotations, and an error in predictions: they are of something else."""


def check_predictions(raw: bytes, file: str, content: Mapping[str, Any]) -> tuple[list[Entry], list[Finding]]:
    """Check the bytes of a results file for the images and categories of an annotation file's content.

    Returns:
        The predictions, each with the ``id`` of its place in the file, and what is wrong with them.
    """
    findings: list[Finding] = []
    try:
        text, undone = as_utf8(raw, file)
        findings += undone
        predictions, undone = parse(text, file)
        findings += undone
        _check_structure(predictions, file)
    except Unreadable as error:
        return [], [*findings, error.finding]
    for number, prediction in enumerate(predictions, 1):
        prediction.update(id=number, iscrowd=0)
        prediction.setdefault('area', None)
    labelled: Content = {**content, 'annotations': predictions}
    findings += map(_of_predictions, check_references(labelled, file))
    findings += _scores(predictions, file) + _file_names(labelled, file)
    findings += [_of_predictions(one) for one in check_boxes(labelled, file) if one.kind != 'area']
    return labelled['annotations'], findings


def _of_predictions(finding: Finding) -> Finding:
    examples = tuple(one.replace('annotation ', 'prediction ', 1) for one in finding.examples)
    return replace(finding, kind=FOREIGN.get(finding.kind, finding.kind), examples=examples)


def _check_structure(predictions: Any, file: str) -> None:
    if isinstance(predictions, dict):
        raise Unreadable('not results', file, f'an object with {short(", ".join(predictions))}')
    if not isinstance(predictions, list):
        raise Unreadable('not results', file, f'the file holds {short(predictions)}')
    if not predictions:
        raise Unreadable('no predictions', file, 'an empty list')
    odd = [position for position, entry in enumerate(predictions) if not isinstance(entry, dict)]
    if odd:
        raise Unreadable('odd entry', file, f'[{odd[0]}]: {short(predictions[odd[0]])}')


def _scores(predictions: Sequence[Entry], file: str) -> list[Finding]:
    odd = [one for one in predictions if type(one.get('score')) not in (int, float) or not 0 <= one['score'] <= 1]
    return found('odd score', file, odd, lambda one: f'prediction {one["id"]}: score {short(one.get("score"))}')


def _file_names(content: Content, file: str) -> list[Finding]:
    """Compare the file names that some tools add with those of the images: equal ids may be of another set."""
    names = {image['id']: image.get('file_name') for image in content['images'] if is_id(image.get('id'))}
    other = [
        one
        for one in content['annotations']
        if isinstance(one.get('file_name'), str)
        and isinstance(own := names.get(one['image_id']) if is_id(one.get('image_id')) else None, str)
        and _stem(own) != _stem(one['file_name'])
    ]

    def show(one: Entry) -> str:
        return f'image_id {short(one["image_id"])} is {short(names[one["image_id"]])}, not {short(one["file_name"])}'

    return found('other image', file, other, show)


def _stem(name: str) -> str:
    return posixpath.splitext(posixpath.basename(name.replace('\\', '/')))[0]
