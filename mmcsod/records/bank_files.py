"""A feature bank's folder: how it is written, and how it is read back and checked.

It holds plain arrays and JSON, nothing pickled::

    vectors.npy         (M, d) float32 or float16, one row per (image, class), class by class
    rows.npy            (M,)   image index, label and number of objects of each row
    images.json         D image ids in dataset order, images without rows included
    image_vectors.npy   (D, e) globally average-pooled backbone features (optional)
    objects.npy         (O,)   image index, label, box, area and ignored flag of each object (optional)
    object_vectors.npy  (O', d) vectors of the objects that are not ignored, in their order (optional)
    label_scores.npy    (O',)  the detector's scores of their labels (optional; judgements.npy in banks of version 0.1)
    prediction_scores.npy (P,) image, class and score of each prediction, where they stand for labels (optional)
    sizes.npy           (D, 2) width and height of each image as decoded (optional, as are the next two)
    orientations.npy    (D,)   the EXIF orientation that decoding applied to each image
    pixels.npy          (D, 32, 32) each image in grey, very small
    recordings.json     the recording of each image, '' for none (optional)
    meta.json           format, version, class names, provenance, the SHA-256 of the files and of blocks of vectors.npy
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mmcsod.records.arrays import block_checksums, block_rows, check_digest, check_file, read_array, write_array
from mmcsod.records.bank_checks import LABEL_SCORE_DTYPE, OF_IMAGES
from mmcsod.util.errors import UserError
from mmcsod.util.files import as_kind, json_digest, read_format, read_json, write_json

FORMAT = 'mmcsod-feature-bank'
FORMAT_VERSION = 1
META = "a feature bank's meta.json"
SEAL = 'sha256'  # the entry of meta.json that is the checksum of all others

NEEDED = ('vectors', 'rows')
OPTIONAL = ('image_vectors', 'objects', 'object_vectors', 'label_scores', 'prediction_scores', *OF_IMAGES)
ARRAYS = (*NEEDED, *OPTIONAL)
MAPPED = ('vectors', 'image_vectors', 'object_vectors')  # left on the disk when a bank is loaded
OLD_NAMES = {'label_scores': 'judgements'}  # of files, before version 0.2
FILES = frozenset(
    (*(f'{name}.npy' for name in (*ARRAYS, *OLD_NAMES.values())), 'images.json', 'recordings.json', 'meta.json')
)


@dataclass(frozen=True)
class _Meta:
    classes: tuple[str, ...]
    provenance: dict[str, Any]
    files: dict[str, str] = field(default_factory=dict)
    block_rows: int = 0
    blocks: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Checksums:
    """The SHA-256 of a bank's files, written down in its meta.json as they were written.

    Attributes:
        directory: The bank's folder.
        files: By name; images.json's is that of its content. None in banks of before there were any.
        block_rows: Rows in a block of vectors.npy; the last block of a class may have fewer.
        blocks: Of the bytes of each class's blocks of rows.
    """

    directory: Path
    files: Mapping[str, str]
    block_rows: int = 0
    blocks: tuple[tuple[str, ...], ...] = ()

    def check(self, name: str) -> None:
        """Read an array's file for its checksum, where it has one."""
        if (file := f'{name}.npy') in self.files:
            check_file(self.directory / file, self.files[file])

    def of_blocks(self, label: int, first: int, last: int, step: int) -> tuple[str, ...]:
        """Return those of a class's rows ``first`` to ``last``, in blocks of ``step``; none if not written down."""
        if label >= len(self.blocks) or self.block_rows != step:
            return ()
        blocks = self.blocks[label][first // step : -(-last // step)]
        return blocks if len(blocks) == -(-last // step) - first // step else ()


def write_bank(
    directory: Path,
    arrays: Mapping[str, np.ndarray | None],
    images: Sequence[str],
    classes: Sequence[str],
    provenance: Mapping[str, Any],
    recordings: Sequence[str] | None = None,
) -> None:
    """Write a bank's files, arrays by the names in ``ARRAYS`` and rows class by class, to a folder that exists.

    Raises:
        OSError: If the disk refuses it.
    """
    given = {f'{name}.npy': array for name, array in arrays.items() if array is not None}
    files = {name: write_array(directory / name, array) for name, array in given.items()}
    for name, texts in (('images.json', images), ('recordings.json', recordings)):
        if texts is not None:
            write_json(directory / name, list(texts))
            files[name] = json_digest(list(texts))
    vectors, labels = given['vectors.npy'], given['rows.npy']['label']
    content = {
        'format': FORMAT,
        'version': FORMAT_VERSION,
        'classes': list(classes),
        'provenance': dict(provenance),
        'files': files,
        'block_rows': block_rows(vectors.shape[1]),
        'blocks': block_checksums(vectors, labels, len(classes)),
    }
    _write_meta(directory / 'meta.json', content)


def put_recordings(directory: Path, recordings: Sequence[str], group: str) -> None:
    """Give a finished bank the recordings of its images, from the field or pattern ``group``, in place.

    Killed at any line, it is a whole bank: until recordings.json is written, meta.json does not name it.
    """
    path, name = directory / 'meta.json', 'recordings.json'
    content = {key: value for key, value in read_json(path, META).items() if key != SEAL}
    digest, files = json_digest(list(recordings)), content.get('files', {})
    if files.get(name) == digest and content['provenance'].get('group') == group:
        return
    others = {file: checksum for file, checksum in files.items() if file != name}
    _write_meta(path, {**content, 'files': others})
    write_json(directory / name, list(recordings))
    provenance = {**content['provenance'], 'group': group}
    _write_meta(path, {**content, 'files': {**others, name: digest}, 'provenance': provenance})


def _write_meta(path: Path, content: Mapping[str, Any]) -> None:
    write_json(path, {**content, SEAL: json_digest(content)})


def read_bank(directory: Path) -> dict[str, Any]:
    """Return the fields of a :class:`~mmcsod.records.bank.FeatureBank`, checked; memory maps are not read."""
    meta = _read_meta(directory)
    return {
        **{name: _read(directory, meta, name) for name in ARRAYS},
        'images': _read_texts(directory / 'images.json', meta.files),
        'recordings': (
            _read_texts(directory / 'recordings.json', meta.files) if 'recordings.json' in meta.files else None
        ),
        'classes': meta.classes,
        'provenance': meta.provenance,
        'checksums': Checksums(directory, meta.files, meta.block_rows, meta.blocks),
    }


def is_bank_folder(directory: Path) -> bool:
    """Return whether a folder holds nothing but a bank's files, damaged or not, so that replacing it loses no other."""
    return directory.is_dir() and {path.name for path in directory.iterdir()} <= FILES


def _read_meta(directory: Path) -> _Meta:
    path = directory / 'meta.json'
    if not path.exists():
        raise UserError(
            f'There is no feature bank in {directory}: it has no meta.json; mmcsod select leaves banks '
            'in WORK_DIR/features.'
        )
    content = read_format(path, META, FORMAT, FORMAT_VERSION)
    if SEAL in content:
        seal = content.pop(SEAL)
        check_digest(path, json_digest(content), seal)
    return as_kind(content, _Meta, path, META)


def _read(directory: Path, meta: _Meta, name: str) -> np.ndarray | None:
    """Return an array of a bank; one that is left out and not named among the files is None."""
    path, files = directory / f'{name}.npy', meta.files
    if name in OLD_NAMES and not path.exists():
        path = directory / f'{OLD_NAMES[name]}.npy'
    if name not in NEEDED and path.name not in files and not path.exists():
        return None
    # Vectors are checked when they are used: by their blocks, which version 0.1 left out where classes were mixed.
    is_checked_later = name in MAPPED and (name != 'vectors' or meta.blocks)
    array = read_array(path, name in MAPPED, None if is_checked_later else files.get(path.name))
    return _with_refined_boxes(array) if name == 'label_scores' else array


def _with_refined_boxes(scores: np.ndarray) -> np.ndarray:
    """Return label scores with the refined boxes that those of version 0.1 lack: unknown."""
    if scores.dtype != np.dtype(LABEL_SCORE_DTYPE.descr[:-1]):
        return scores
    completed = np.empty(scores.shape, LABEL_SCORE_DTYPE)
    completed['refined'] = np.nan
    for name in scores.dtype.names:
        completed[name] = scores[name]
    return completed


def _read_texts(path: Path, files: Mapping[str, str]) -> tuple[str, ...]:
    texts: tuple[str, ...] = read_json(path, f"a feature bank's {path.name}", tuple[str, ...])
    if path.name in files:
        check_digest(path, json_digest(list(texts)), files[path.name])
    return texts
