"""Exporting a coreset to formats that need none of this package."""

from __future__ import annotations

from pathlib import Path

from mmengine.config import Config

from mmcsod.export.coco import write_coco
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Settings, open_sources
from mmcsod.export.voc import write_voc
from mmcsod.export.yolo import write_yolo
from mmcsod.records.coreset import Coreset
from mmcsod.util.config import load_config
from mmcsod.util.errors import UserError
from mmcsod.util.files import new_directory

FORMATS = {'coco': write_coco, 'voc': write_voc, 'yolo': write_yolo}


def export_coreset(
    coreset: Coreset | str | Path,
    config: Config | str | Path,
    file_format: str,
    out: str | Path,
    images: str = 'reference',
) -> list[Settings]:
    """Write the coreset's images and annotations to ``out``, which appears whole or not at all.

    Args:
        coreset: The images to write, or the file that lists them.
        config: The training config that the coreset was selected with, or its path or stock name: it says where the
            annotations are.
        file_format: One of ``FORMATS``.
        out: The folder to make.
        images: ``reference`` leaves images where they are, ``link`` makes symbolic links, ``copy`` copies.

    Returns:
        For each source, the settings with which the training dataset of a stock config reads the export; none for
        YOLO, which MMDetection does not read.

    Raises:
        UserError: If the folder exists, the data cannot be read, the coreset is not of this training set, or the
            format cannot hold it.
    """
    if file_format not in FORMATS:
        raise UserError(f'There is no format {file_format}; choose one of {", ".join(FORMATS)}.')
    coreset = coreset if isinstance(coreset, Coreset) else Coreset.load(coreset)
    config = config if isinstance(config, Config) else load_config(str(config))
    sources = [source for source in open_sources(coreset, config) if source.image_ids]
    with new_directory(out) as directory:
        folders = [folder for source in sources for folder in source.folders]
        placer = FilePlacer(directory, str(Path(out).absolute()), images, folders)
        try:
            return FORMATS[file_format](sources, placer)
        except UserError:
            raise
        except (LookupError, TypeError, ValueError, ArithmeticError) as error:  # annotations may be wrong in any way
            raise UserError(
                f'The annotations cannot be written as {file_format} ({type(error).__name__}: {error}): '
                'something in them is not as MMDetection documents it; mend them.'
            ) from error
