"""The one definition of an image's id, shared by Stage 1, the coreset wrapper and the exports.

An image id is the POSIX path of the image below its leaf dataset's ``data_root``; where the leaves of a nest have
different roots, below their common parent. An image outside the root keeps its absolute path or URL. Positions are
no identity: a dataset filters before it applies ``indices``, and wrappers repeat and mix.
"""

import os
import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset

from mmcsod.util.errors import UserError
from mmcsod.util.files import refuse_several_lines, refuse_undecodable


def leaf_datasets(dataset: Any) -> list[BaseDataset]:
    """Return the datasets that hold annotations, looking through every wrapper, each once, in order."""
    if isinstance(dataset, BaseDataset):
        return [dataset]
    leaves = [leaf for child in inner_datasets(dataset) for leaf in leaf_datasets(child)]
    return list({id(leaf): leaf for leaf in leaves}.values())


def inner_datasets(wrapper: Any) -> list[Any]:
    """Return what a dataset wrapper wraps directly."""
    if hasattr(wrapper, 'dataset'):  # first: a CoresetDataset passes its inner dataset's ``datasets`` through
        return [wrapper.dataset]
    if hasattr(wrapper, 'datasets'):
        return list(wrapper.datasets)
    raise UserError(
        f'{type(wrapper).__name__} is neither an MMEngine dataset nor a wrapper with a "dataset" or '
        '"datasets" attribute, so its images cannot be told apart; use a dataset derived from '
        'mmengine.dataset.BaseDataset.'
    )


def nested_configs(config: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield a dataset config and all configs nested in it, leaves in the order of :func:`leaf_datasets`."""
    yield config
    for child in [config['dataset']] if 'dataset' in config else config.get('datasets', []):
        yield from nested_configs(child)


def leaf_configs(config: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the configs of the leaves of a nested dataset config, in the order of :func:`leaf_datasets`."""
    return [nested for nested in nested_configs(config) if 'dataset' not in nested and 'datasets' not in nested]


def common_root(leaves: Sequence[BaseDataset]) -> str:
    """Return the folder or URL below which all leaves' images are named.

    It is the leaves' ``data_root`` where they share one, else the roots' common parent; '' where there is none (some
    leaf has no root, or local folders stand beside URLs), in which case paths are taken as they are.
    """
    if not all(leaf.data_root for leaf in leaves):
        return ''
    roots = sorted({_normalize(leaf.data_root) for leaf in leaves})
    if len(roots) == 1:
        return roots[0]
    schemes = {root.partition('://')[0] if _is_url(root) else None for root in roots}
    if len(schemes) > 1:
        return ''
    scheme = schemes.pop()
    if scheme is None:
        return os.path.commonpath(roots)
    parent = posixpath.commonpath([root.partition('://')[2] for root in roots])
    return f'{scheme}://{parent}' if parent else ''


def image_id(img_path: str, root: str) -> str:
    """Return the id of the image at ``img_path`` of a dataset whose root is ``root`` (see :func:`common_root`).

    Symbolic links are not resolved: a ``data_root`` reached through a link names the same images.
    """
    if not root:
        return _normalize(img_path) if _is_url(img_path) else Path(os.path.normpath(img_path)).as_posix()
    path, base = _normalize(img_path), _normalize(root)
    prefix = base.rstrip('/') + '/'
    if path.startswith(prefix):
        return path[len(prefix) :]
    if _is_url(img_path) or _is_url(root) or Path(img_path).is_absolute():
        return path
    return Path(os.path.relpath(path, base)).as_posix()


def image_ids(leaf: BaseDataset, root: str) -> list[str]:
    """Return the id of each sample of a leaf dataset, in its order, below what :func:`common_root` returned."""
    leaf.full_init()
    ids = [image_id(_img_path(leaf, index), root) for index in range(len(leaf))]
    _refuse_duplicates(ids)
    refuse_several_lines(ids)
    refuse_undecodable(ids)  # now, not when hours later a bank is written
    return ids


def all_image_ids(leaves: Sequence[BaseDataset]) -> list[list[str]]:
    """Return :func:`image_ids` of each leaf below their common root."""
    root = common_root(leaves)
    ids = [image_ids(leaf, root) for leaf in leaves]
    _refuse_duplicates([image for leaf_ids in ids for image in leaf_ids])
    return ids


def _img_path(leaf: BaseDataset, index: int) -> str:
    path = leaf.get_data_info(index).get('img_path')
    if not isinstance(path, str):
        raise UserError(
            f'Sample {index} of {type(leaf).__name__} {leaf.ann_file} has no single "img_path" (a video or '
            'a group of images); coresets are made of single images.'
        )
    return path


def _refuse_duplicates(ids: Sequence[str]) -> None:
    if len(set(ids)) == len(ids):
        return
    duplicate, _ = Counter(ids).most_common(1)[0]
    raise UserError(
        f'The training set lists the image {duplicate} more than once, so its id is ambiguous; '
        'remove the repeated entries from the annotation files (RepeatDataset repeats images safely).'
    )


def _is_url(path: str) -> bool:
    return '://' in path


def _normalize(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    if _is_url(text):
        scheme, _, rest = text.partition('://')
        return f'{scheme}://{posixpath.normpath(rest)}'
    return Path(os.path.abspath(text)).as_posix()  # noqa: PTH100 (resolve() would follow links)
