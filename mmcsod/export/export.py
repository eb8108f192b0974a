"""Exporting a coreset to formats that need none of this package."""

import copy
from pathlib import Path
from tempfile import TemporaryDirectory

from mmengine.config import Config

from mmcsod.datasets.check import use_checked_labels
from mmcsod.export.coco import write_coco, write_keep_and_drop
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Export, open_dropped, open_sources
from mmcsod.export.voc import has_xml, write_voc
from mmcsod.export.yolo import write_yolo
from mmcsod.records.coreset import Coreset
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError
from mmcsod.util.files import new_directory

WRITERS = {'coco': write_coco, 'voc': write_voc, 'yolo': write_yolo}
VIEWERS = ('fiftyone', 'lightly')
FORMATS = (*WRITERS, *VIEWERS)


def export_coreset(
    coreset: Coreset | str | Path,
    config: Config | str | Path,
    file_format: str,
    out: str | Path,
    image_mode: str | None = None,
) -> Export:
    """Write the coreset's images and annotations to ``out``, which appears whole or not at all.

    Args:
        coreset: The images to write, or the file that lists them.
        config: The training config that the coreset was selected with, or its path or stock name.
        file_format: One of ``FORMATS``.
        out: The folder to make.
        image_mode: ``reference`` leaves images where they are, ``link`` makes symbolic links, ``copy`` copies; by
            default ``link`` where the format has images in a folder of its own, else ``reference``.

    Returns:
        How MMDetection reads the export, and what was left out or carried along.

    Raises:
        UserError: If the folder exists, the data cannot be read, the coreset is not of this training set, or the
            format cannot hold it.
    """
    if file_format not in FORMATS:
        raise UserError(f"Unknown format '{file_format}'; give one of {', '.join(FORMATS)}.")
    coreset = coreset if isinstance(coreset, Coreset) else Coreset.load(coreset)
    config = copy.deepcopy(config) if isinstance(config, Config) else load_config(str(config))
    with TemporaryDirectory() as scratch:
        originals = use_checked_labels(config, Path(scratch), ('train',))
        kept, export = open_sources(coreset, config, originals), Export()
        dropped = open_dropped(coreset, config) if file_format in VIEWERS else []
        has_folder = file_format == 'yolo' or (file_format == 'voc' and not all(map(has_xml, kept)))
        mode = image_mode or ('link' if has_folder else 'reference')
        with new_directory(out) as directory:
            folders = [folder for source in (*kept, *dropped) for folder in source.folders]
            placer = FilePlacer(directory, str(Path(out).absolute()), mode, folders)
            if file_format in VIEWERS:
                write_keep_and_drop(kept, dropped, placer, export)
            else:
                WRITERS[file_format](kept, placer, export)
    return export
