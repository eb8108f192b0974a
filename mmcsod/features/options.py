"""How Stage 1 is to be run: made once, checked once."""

from dataclasses import dataclass
from pathlib import Path

from mmcsod.labels.config import is_labels, is_written, labels_work_dir
from mmcsod.records.recordings import check_group
from mmcsod.util.errors import UserError

AMP_TYPES = ('fp16', 'bf16')
"""Precisions that a detector may run in, besides float32."""

FEW_OBJECTS = 50_000
"""Up to so many objects their vectors are stored unasked: 200 MB where a vector has 1,024 dimensions."""

MOST_IMAGES = 65_536
"""Images of a forward pass; PyTorch's loader counts to twice as many before it begins."""

MOST_WORKERS = 256
"""Processes that load images; each takes some hundred megabytes, and the system starts them until none is left."""


@dataclass(frozen=True, kw_only=True)
class ExtractionOptions:
    """How Stage 1 is to be run.

    Attributes:
        tap: Where vectors are read. fc: after the box head's shared layers. roi: before them. pooled: before a shared
            head such as res5. neck: off the maps that any detector has. A tap that the config registers will do, too.
            auto takes the first of fc, roi and neck that the detector has.
        batch_size: Images of one padded shape in a forward pass.
        num_workers: Processes that load images; 0 loads them in this one.
        keep_ignored: Also use boxes that training ignores: crowd, difficult, below bbox_min_size.
        keep_objects: Also store the vector of each object, which the method csod-objectwise needs; by default if there
            are at most 50,000 objects.
        pipeline: Transforms in place of the derived ones.
        amp: Run the detector in mixed precision: fp16 or bf16; by default in float32.
        channels_last: Lay images out channels last.
        allow_missing_classes: Go on if the annotations lack a class of metainfo.classes.
        predictions: COCO results file, as mmdet's test tool writes it; its boxes take the place of ground truth, to
            choose which images to label next.
        labelled: With predictions, ids of images whose ground truth counts all the same.
        score_threshold: Leave out predicted boxes that score less.
        group: Which recording an image is of: a field of the COCO file's image entries, or a pattern on image ids with
            the recording in brackets; kept in the bank.
        strict: Stop at the first unreadable image.
        resume: Go on with an unfinished extraction.
        overwrite: Replace what is there: the bank, an unfinished extraction, the coreset; together with resume, only
            what is of something else.

    Raises:
        UserError: If ``amp``, ``batch_size`` or ``num_workers`` is out of range, or ``group`` is no pattern.
    """

    tap: str = 'auto'
    batch_size: int = 8
    num_workers: int = 2
    keep_ignored: bool = False
    keep_objects: bool | None = None
    pipeline: tuple[dict, ...] | None = None
    amp: str | None = None
    channels_last: bool = False
    allow_missing_classes: bool = False
    predictions: str | None = None
    labelled: tuple[str, ...] = ()
    score_threshold: float = 0.3
    group: str | None = None
    strict: bool = False
    resume: bool = False
    overwrite: bool = False

    def __post_init__(self) -> None:
        check_group(self.group)
        if self.amp not in (None, *AMP_TYPES):
            raise UserError(f'amp is {self.amp}; give one of {", ".join(AMP_TYPES)}, or nothing for float32.')
        for name, value, least, most in (
            ('batch_size', self.batch_size, 1, MOST_IMAGES),
            ('num_workers', self.num_workers, 0, MOST_WORKERS),
        ):
            if not least <= value <= most:
                raise UserError(f'{name} is {value}; give a number from {least} to {most}.')

    def keeps_objects(self, number: int) -> bool:
        """Return whether the vectors of so many objects are stored."""
        return number <= FEW_OBJECTS if self.keep_objects is None else self.keep_objects


def default_work_dir(config: str | Path) -> Path:
    """Return the folder to write to, named after the config as mmdet's tools do, or after the dataset of labels.

    That of a config that labels became is its own: what was extracted with the labels is there.
    """
    if is_labels(config):
        return labels_work_dir(config)
    if is_written(config):
        return Path(config).parent
    return Path('work_dirs') / Path(str(config).rpartition('::')[2]).stem
