"""What ``mmcsod select`` writes beside a coreset: the table of the pool's images and the leak check."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.report.image_table import image_table, is_image_table, rare_images, write_image_table
from mmcsod.report.leak import find_leaks, leak_file, leak_summary, num_of_same_recording, same_objects, write_leaks
from mmcsod.report.selected import Selected
from mmcsod.selection.near_duplicates import pool_groups
from mmcsod.util.errors import UserError


def write_tables(bank: FeatureBank, coresets: Sequence[Coreset], paths: Sequence[Path], overwrite: bool) -> None:
    """Write the table of each coreset, and print how many images nothing selected is like."""
    groups = pool_groups(bank, coresets[-1])
    for coreset, path in zip(coresets, paths, strict=True):
        table = path.with_suffix('.csv')
        if table.exists() and not overwrite and not is_image_table(table):
            print(f'There is no table of images: {table} is something else; --overwrite replaces it.')
            continue
        write_image_table(table, image_table(Selected.find(path.stem, bank, coreset), groups))
    rare = int(rare_images(Selected.find('', bank, coresets[-1])).sum())
    print(
        f'{paths[-1].with_suffix(".csv")}: what to keep and to drop, and why; {rare} images like none selected (rare)'
    )


def check_leaks(bank: FeatureBank, coreset: Coreset, path: Path, cfg_options: Sequence[str]) -> None:
    """Compare the validation set of the bank's config with the pool, and print and list what leaks."""
    from mmcsod.datasets.build import validation_images
    from mmcsod.datasets.pixels import read_pixels
    from mmcsod.util.config import load_config, parse_cfg_options

    name = bank.provenance.get('config')
    if name is None or bank.pixels is None:
        return
    try:
        validation = validation_images(load_config(name, parse_cfg_options(cfg_options)))
    except UserError as error:
        print(f'There is no leak check: {error}')
        return
    if validation:
        selected = np.array([bank.image_index[image] for image in coreset.image_ids])
        paths = [image.path for image in validation]
        agree = same_objects(bank, validation)
        found = find_leaks(bank.images, bank.pixels, selected, paths, read_pixels(paths), agree)
        write_leaks(leak_file(path), found, len(validation))
        print(f'{leak_summary(found, len(validation))}{f": {leak_file(path)}" if found else ""}')
        shared = num_of_same_recording(bank, coreset.parameters.get('group'), paths)
        if shared is not None:
            print(f'{shared} of {len(validation)} validation images come from a recording of the pool')
