"""The recording of each image of the pool: a field of its entry in a COCO file, or a part of its id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mmdet.datasets import CocoDataset
from mmengine.dataset import BaseDataset

from mmcsod.features.dataset import ExtractionDataset
from mmcsod.records.recordings import is_pattern, matched_recordings
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json
from mmcsod.util.text import first_few


@dataclass(frozen=True)
class _Content:
    images: list[dict[str, Any]]


def recordings_of(dataset: ExtractionDataset, group: str) -> tuple[str, ...]:
    """Return the recording of each image, '' for none, by a pattern on ids or a field of its entry in a COCO file."""
    if is_pattern(group):
        return matched_recordings(dataset.images, group)
    return tuple(name for leaf in dataset.leaves for name in field_of(leaf, group))


def field_of(leaf: BaseDataset, field: str) -> Iterator[str]:
    """Yield the field of each image of a dataset; CocoDataset drops what it does not know, so the file is read."""
    if not isinstance(leaf, CocoDataset):
        raise UserError(
            f"--group '{field}' is a field of COCO files, and {type(leaf).__name__} reads others; give a pattern on "
            r"image ids with the recording in brackets, such as '(.*)_\d+'."
        )
    entries = read_json(leaf.ann_file, 'a COCO annotation file', _Content).images
    if not any(field in entry for entry in entries):
        fields = first_few(list(dict.fromkeys(name for entry in entries for name in entry)), 10)
        raise UserError(f"No image entry of {leaf.ann_file} has the field '{field}' of --group; they have {fields}.")
    by_id = {entry['id']: _name(entry, field) for entry in entries}
    for position in range(len(leaf)):
        yield by_id[leaf.get_data_info(position)['img_id']]


def _name(entry: Mapping[str, Any], field: str) -> str:
    value = entry.get(field)
    return '' if value is None else str(value)
