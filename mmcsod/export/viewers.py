"""A pool divided into keep and drop, for tools that show images: FiftyOne and LightlyStudio."""

from collections.abc import Sequence
from pathlib import Path

from mmcsod.datasets.audit import Account
from mmcsod.export.coco import as_json, convert
from mmcsod.export.files import FilePlacer
from mmcsod.export.source import Export, Source

IMAGES = 'data'
"""The folder of links or copies; both tools take it beside the annotation files."""


def write_keep_and_drop(kept: Sequence[Source], dropped: Sequence[Source], placer: FilePlacer, export: Export) -> None:
    """Write the selected images as ``keep.json`` and the rest of the pool as ``drop.json``, both in COCO format.

    Images that stay where they are have absolute file names, which both tools accept.
    """

    def place(path: str, image: str) -> str:
        name = placer.place(path, image, IMAGES)
        return str(Path(path).absolute()) if placer.mode == 'reference' else name.removeprefix(f'{IMAGES}/')

    classes = kept[0].classes
    placer.write('keep.json', as_json(convert(kept, classes, place, export.left_out)))
    placer.write('drop.json', as_json(convert(dropped, classes, place, Account())))
