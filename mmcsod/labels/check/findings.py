"""What the check of labels can find: one line a kind, with how bad it is and what to do."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mmcsod.util.errors import UserError

NUM_EXAMPLES = 3
SHOWN = 80
"""Characters of a value that are shown."""

ERROR, WARNING, FILLED = 'error', 'warning', 'filled'


@dataclass(frozen=True)
class Kind:
    """One way in which labels can be broken.

    An error stops a training or makes it worthless, a warning does not, what is filled was mended in a copy. ``what``
    follows the count if there can be several in one file; ``remedy`` says what to do, if anything.
    """

    severity: str
    what: str
    remedy: str
    counted: bool = True


_one = partial(Kind, counted=False)

KINDS = {
    # as bytes
    'missing file': _one(ERROR, 'file that is not there', 'correct data_root, or the current folder'),
    'not a file': _one(ERROR, 'ann_file that is not one file', 'give one file; ConcatDataset joins several datasets'),
    'unreadable labels': _one(ERROR, 'labels that cannot be read', 'correct what is named, then check again'),
    'empty file': _one(ERROR, 'file without content', 'fetch it again'),
    'other format': _one(ERROR, 'file in another format', 'fetch the annotations themselves'),
    'not UTF-8': _one(ERROR, 'file that is not UTF-8', 'save it as UTF-8, as with iconv -f GBK -t UTF-8'),
    'not JSON': _one(ERROR, 'file that is not JSON', 'correct it there, or fetch it again'),
    'JSON lines': _one(ERROR, 'file with one JSON value a line', 'write one object with the three lists'),
    'detection results': _one(ERROR, 'file of detections, not annotations', 'give the file with images and categories'),
    're-encoded': _one(FILLED, 'file in another encoding', ''),
    'trailing commas': Kind(FILLED, 'commas before a closing bracket', ''),
    'singular key': Kind(FILLED, 'keys in the singular', ''),
    'missing list': _one(ERROR, 'list that is missing, empty or no list', 'give images, annotations, categories'),
    'odd entry': _one(ERROR, 'entry that is no object', 'write it as one, or remove it'),
    # as a graph
    'image without id': Kind(ERROR, 'images without a usable id', 'give each a number of its own'),
    'image without name': Kind(ERROR, 'images without a usable file_name', 'give each its file_name'),
    'image id twice': Kind(ERROR, 'image ids for several files', 'give each image an id of its own'),
    'image twice': Kind(ERROR, 'images listed more than once', 'list each once'),
    'repeated entry': Kind(FILLED, 'entries listed again (each once)', ''),
    'annotation id': Kind(FILLED, 'annotation ids missing or given twice (numbered)', ''),
    'id of another type': Kind(ERROR, 'annotations that name an id in another type', 'write all as numbers'),
    'unknown image': Kind(WARNING, 'annotations of images that are not listed (left out)', 'list them'),
    'unknown category': Kind(WARNING, 'annotations of categories that are not listed (left out)', 'list them'),
    'no category': Kind(ERROR, 'annotations without category_id', 'remove them, or give their category'),
    'no image': Kind(ERROR, 'annotations without image_id', 'remove them, or give their image'),
    'image without objects': Kind(WARNING, 'images without objects, which cannot be selected', 'label them'),
    'no objects': _one(ERROR, 'file without one object of a listed image and category', 'label images, or correct ids'),
    'odd category': Kind(ERROR, 'categories without a usable id or name', 'give each an id and a name'),
    'category id twice': Kind(ERROR, 'category ids with several names', 'give each category an id of its own'),
    'category twice': Kind(ERROR, 'category names with several ids', 'merge them, or rename one'),
    'other classes': Kind(WARNING, 'objects of names that are not in classes (left out)', 'add them if they matter'),
    'unused category': Kind(FILLED, 'categories without objects, called as another (left out)', ''),
    'categories alike': Kind(WARNING, 'category names that look alike', 'merge them if they mean the same'),
    # boxes
    'area': Kind(FILLED, 'objects without a usable area (that of the box)', ''),
    'iscrowd': Kind(FILLED, 'objects without iscrowd (0)', ''),
    'box of mask': Kind(FILLED, 'objects with a mask and no box (its bounds)', ''),
    'object twice': Kind(WARNING, 'objects listed again under another id', 'remove them'),
    'odd iscrowd': Kind(ERROR, 'objects with an iscrowd that is not 0 or 1', 'write 0 or 1'),
    'odd box': Kind(ERROR, 'objects whose bbox is not four numbers', 'write [x, y, width, height], or remove them'),
    'not finite': Kind(WARNING, 'boxes with NaN or infinity (left out)', 'correct or remove them'),
    'no area': Kind(WARNING, 'boxes narrower or lower than a pixel (left out)', 'correct or remove them'),
    'outside': Kind(WARNING, 'boxes outside their image (left out)', 'correct them, or the size of the image'),
    'huge': Kind(WARNING, 'boxes more than twice as large as their image (cut at its edge)', 'correct them'),
    'beyond the edge': Kind(WARNING, 'boxes that end beyond the image (cut at its edge)', 'write no corners there'),
    'no usable box': _one(ERROR, 'file without a box to learn from', 'correct its boxes'),
    'corners': Kind(ERROR, 'boxes that are x1, y1, x2, y2', 'write [x, y, width, height]'),
    'shares': Kind(ERROR, 'boxes in shares of the image', 'multiply them by its width and height'),
    # sizes
    'size': Kind(FILLED, 'images with an impossible size, or one that boxes lie beyond (that of the image file)', ''),
    'no size': Kind(ERROR, 'images without a possible size, not readable either', 'give width and height in pixels'),
    # VOC
    'not .jpg': Kind(ERROR, "images not .jpg (MMDetection's VOC reads no other)", 'give mmcsod the VOC folder itself'),
    'list': Kind(FILLED, 'lines with blanks, an extension or a byte order mark (names alone)', ''),
    'flags': Kind(ERROR, 'lines with a flag behind the name', 'give a list of names alone, as Main/train.txt'),
    'missing XML': Kind(ERROR, 'XML files that are not there', 'correct the list, or add them'),
    'odd XML': Kind(ERROR, 'XML files that cannot be read', 'mend or remove them'),
    'XML without size': Kind(WARNING, 'XML files without a size (MMDetection opens each image)', 'add it'),
    # predictions
    'not results': _one(ERROR, 'file that is no COCO results file', 'give a list of predictions'),
    'no predictions': _one(ERROR, 'file without predictions', 'see that the detector finds something'),
    'foreign image': Kind(ERROR, 'predictions of images that are not listed', 'predict on this annotation file'),
    'foreign category': Kind(ERROR, 'predictions of categories that are not listed', 'write category ids, not labels'),
    'odd score': Kind(ERROR, 'predictions whose score is not from 0 to 1', 'divide percentages by 100'),
    'other image': Kind(ERROR, 'predictions of another image than their id names', 'predict on this annotation file'),
    # files and settings
    'no images': Kind(ERROR, 'images that are not there, all of them', 'correct data_root or data_prefix'),
    'other names': Kind(ERROR, 'images that are there under other names only', 'correct data_prefix or file_name'),
    'missing image': Kind(ERROR, 'images that are not there', 'correct file_name, data_prefix or data_root'),
    'unreadable image': Kind(ERROR, 'images that cannot be read', 'mend or remove them'),
    'shown in both': Kind(WARNING, 'images with a near-duplicate in the other set', 'split by recording, not by frame'),
    'storage': _one(ERROR, 'storage that cannot work', 'copy the data to a folder'),
    'dataset': _one(ERROR, 'dataset that cannot be built', 'correct its settings'),
    'classes': _one(ERROR, 'list of classes that does not fit', 'correct metainfo.classes'),
    'not joinable': _one(ERROR, 'datasets with different metainfo.classes', 'give all of them the same'),
    'num_classes': _one(ERROR, 'model with another number of classes', 'set num_classes with --cfg-options'),
    'not looked into': _one(WARNING, 'dataset in a format that is not checked', ''),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One kind of fault, a key of :data:`KINDS`, in one file, with the first few entries and values."""

    kind: str
    file: str
    count: int
    examples: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """'error', 'warning' or 'filled'."""
        return KINDS[self.kind].severity

    @property
    def remedy(self) -> str:
        """What to do."""
        return KINDS[self.kind].remedy

    @property
    def what(self) -> str:
        """What was found, after its count if there can be several."""
        kind = KINDS[self.kind]
        return f'{self.count:,} {kind.what}' if kind.counted else kind.what

    def __str__(self) -> str:
        rest = '; ...' if self.count > len(self.examples) > 0 else ''
        shown = f' ({"; ".join(self.examples)}{rest})' if self.examples else ''
        end = f'; {self.remedy}' if self.remedy else ''
        return f'{self.file}: {self.what}{shown}{end}.'


class Unreadable(Exception):
    """A file that cannot be read any further; holds the finding that says why."""

    def __init__(self, kind: str, file: str, example: str) -> None:
        self.finding = Finding(kind, file, 1, (example,))


def found(kind: str, file: str, entries: Sequence[Any], show: Callable[[Any], str] = str) -> list[Finding]:
    """Return a finding about ``entries``, of which the first few are shown, or nothing where there are none."""
    return [Finding(kind, file, len(entries), tuple(map(show, entries[:NUM_EXAMPLES])))] if entries else []


def short(value: Any) -> str:
    """Return a JSON value as it may be shown: short and, where letters only look alike, in ASCII."""
    text = json.dumps(value, default=repr)
    return text if len(text) <= SHOWN else f'{text[: SHOWN - 3]}...'


def refuse_errors(findings: Sequence[Finding], passing: Sequence[str] = ()) -> None:
    """Raise the first error of ``findings`` that is not of a kind in ``passing``."""
    errors = [one for one in findings if one.severity == ERROR and one.kind not in passing]
    if errors:
        more = f' There is more: mmcsod check CONFIG lists {len(errors)} kinds of error.' if len(errors) > 1 else ''
        raise UserError(f'{errors[0]}{more}')
