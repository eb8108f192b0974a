"""The check for validation images that the pool shows, too."""

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from mmcsod.records.bank import FeatureBank
from mmcsod.records.coreset import Coreset
from mmcsod.records.validation import ValidationView
from mmcsod.report.leak import Leaks, compare_validation, kept_view, leak_file, remove_leaks, write_leaks
from mmcsod.util.errors import UserError


def check_leaks(bank: FeatureBank, coreset: Coreset, path: Path, args: Namespace) -> Leaks | None:
    """Compare validation images with the pool, print and list what leaks, and return it; None if nothing is known.

    Without ``config`` and ``val`` among the options of the command, the images that were kept beside the bank are
    compared: a config is a program, and no file may say that it is to be run.
    """
    remove_leaks(leak_file(path))
    if bank.pixels is None:
        return None
    group = coreset.parameters.get('group') or bank.provenance.get('group')
    try:
        view = _validation(bank, args, group)
    except UserError as error:
        print(f'There is no leak check: {error}')
        return None
    if view is None:
        return None
    selected = np.array([bank.image_index[image] for image in coreset.image_ids])
    leaks = compare_validation(bank, view, selected, group)
    write_leaks(leak_file(path), leaks)
    print(f'{leaks.summary}{f": {leak_file(path)}" if leaks.pairs else ""}')
    if leaks.num_same_recording is not None:
        print(
            f'{leaks.num_same_recording} of {leaks.num_validation} validation images come from a recording of the pool'
        )
    return leaks


def describe_pool_leaks(bank: FeatureBank, config: str | None, cfg_options: Mapping[str, Any]) -> str | None:
    """Return how many validation images, of a config or those beside the bank, leak into a pool; None if unknown."""
    if bank.pixels is None or bank.checksums is None:
        return None
    if config is None:
        view = kept_view(bank)
    else:
        from mmcsod.features.validation import view_validation
        from mmcsod.util.config import load_config

        try:
            view = view_validation(load_config(config, cfg_options), bank.checksums.directory)
        except UserError as error:
            return f'There is no leak check: {error}'
    if view is None:
        return None
    leaks = compare_validation(bank, view)
    return leaks.of_pool + leaks.unread


def _validation(bank: FeatureBank, args: Namespace, group: str | None) -> ValidationView | None:
    if args.config is None and args.val is None:
        if (view := kept_view(bank)) is None:
            raise UserError('the validation images are not known; give their labels with --val.')
        return view
    from mmcsod.features.validation import view_validation
    from mmcsod.labels.config import is_labels, write_config
    from mmcsod.util.config import load_config, parse_cfg_options

    folder = None if bank.checksums is None else bank.checksums.directory
    if args.config is not None:
        name = bank.provenance['config'] if is_labels(args.config) else args.config  # of labels, the one written
        return view_validation(load_config(name, parse_cfg_options(args.cfg_options)), folder, group)
    with TemporaryDirectory() as scratch:
        config = load_config(str(write_config(args.val, scratch, args.images)))
        return view_validation(config, folder, group, 'train')
