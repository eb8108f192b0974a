"""The datasets of a config: each file is checked once, and what was filled in is read from a copy."""

import logging
import os
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from mmcsod.datasets.build import enter_scope
from mmcsod.datasets.check_leaf import CheckedLeaf, check_leaf
from mmcsod.datasets.classes import check_category_names, check_object_names
from mmcsod.datasets.ids import leaf_configs
from mmcsod.labels.check.coco import write_plain
from mmcsod.labels.check.findings import FILLED, Finding, found, refuse_errors, short
from mmcsod.util.config import box_classes, type_name
from mmcsod.util.distributed import is_first
from mmcsod.util.errors import UserError
from mmcsod.util.files import file_name, new_file, write_text

logger = logging.getLogger('mmcsod')

SETS = ('train', 'val', 'test')
OF_SELECTION = ('image twice', 'image without objects')
"""Kinds that matter where images are selected only."""
BY_IMAGE = ('missing image',)
"""Kinds that concern single images, which extraction counts and goes on without."""
OF_LABELS = ('no objects', 'no usable box')
"""Kinds that do not matter where a set is only tested on, without labels perhaps."""
NOT_LOGGED = ('no area', 'outside', 'not looked into')
"""Kinds that the check alone shows; boxes are counted by whoever loads the dataset, for the classes in use alone."""


@dataclass(frozen=True)
class CheckedSet:
    """A dataset file, and which of the dataloaders 'train', 'val' and 'test' read it."""

    sets: tuple[str, ...]
    leaf: CheckedLeaf

    @property
    def findings(self) -> list[Finding]:
        """What is wrong, for the sets that read it."""
        passing = () if 'train' in self.sets else OF_SELECTION if 'val' in self.sets else OF_SELECTION + OF_LABELS
        return [one for one in self.leaf.findings if one.kind not in passing]


def check_config(config: Config, sets: Sequence[str] = SETS, look_for_images: bool = True) -> list[CheckedSet]:
    """Check the annotation files of a config's datasets, each once."""
    enter_scope(config)
    readers: dict[str, list[tuple[str, Any]]] = {}
    for name, leaf in _leaves(config, sets):
        readers.setdefault(_source(leaf), []).append((name, leaf))
    beside = os.path.dirname(config.filename or '')  # noqa: PTH120 (as text)
    return [
        CheckedSet(
            tuple(dict.fromkeys(name for name, _ in group)), check_leaf(group[0][1], look_for_images, beside=beside)
        )
        for group in readers.values()
    ]


def use_checked_labels(
    config: Config, folder: Path, sets: Sequence[str] = SETS, look_for_images: bool = False
) -> dict[str, str]:
    """Check the labels that a config reads; where something was filled in, have it read a copy, in place.

    The user's files are never touched. Datasets and evaluators of the config are pointed to copies in ``folder``. If
    images are looked for, a warning says which are not there.

    Returns:
        The path of each file that was copied, by that of its copy.
    """
    checked = check_config(config, sets, look_for_images)
    findings = [finding for one in checked for finding in one.findings]
    refuse_errors(findings, BY_IMAGE)
    log_findings(findings)
    copies = _write_copies([one.leaf for one in checked if one.leaf.content is not None], folder)
    for holder in _holders_of_files(config):
        holder.update(copies.get(_absolute(_joined(holder)), {}))
    return {copy['ann_file']: original for original, copy in copies.items()}


def log_findings(findings: Sequence[Finding]) -> None:
    """Log what did not stop, on one process of several."""
    for finding in findings if is_first() else ():
        if finding.severity == FILLED:
            logger.info('corrected in a copy: %s', finding)
        elif finding.kind not in NOT_LOGGED:
            logger.warning('warning: %s', finding)


def check_settings(config: Config, checked: Sequence[CheckedSet], allow_missing_classes: bool = False) -> list[Finding]:
    """Check what a config says of its data against what its files hold: classes, their number, evaluators' files."""
    findings = [one for file in checked for one in _classes(file, allow_missing_classes)]
    lists = [(name, _names(file.leaf.classes)) for file in checked for name in file.sets if file.leaf.classes]
    if len({names for _, names in lists}) > 1:
        findings.append(Finding('not joinable', str(config.filename), 1, tuple(map(short, lists))))
    number, head = len(dict(lists).get('train', ())), box_classes(config)
    if number and head is not None and head != number:
        example = f'{number} classes in the data, {head} in the box head'
        findings.append(Finding('num_classes', str(config.filename), 1, (example,)))
    missing = [
        path
        for holder in _holders_of_files(config)
        if 'data_root' not in holder and (path := _joined(holder)) and '://' not in path and not Path(path).is_file()
    ]
    return findings + found('missing file', 'evaluator', list(dict.fromkeys(missing)))


def _names(classes: Any) -> tuple[str, ...]:
    return tuple(classes) if isinstance(classes, list | tuple) else ()


def _classes(file: CheckedSet, allow_missing: bool) -> list[Finding]:
    leaf = file.leaf
    if isinstance(leaf.classes, str):
        return [Finding('classes', leaf.ann_file, 1, (f'{short(leaf.classes)} is a text; write a list of names',))]
    if not leaf.classes:
        return []
    try:
        if leaf.categories is not None:
            check_category_names(leaf.ann_file, leaf.classes, leaf.categories, allow_missing)
        elif not allow_missing:
            check_object_names(leaf.ann_file, leaf.classes, list(leaf.objects))
    except UserError as error:
        return [Finding('classes', leaf.ann_file, 1, (str(error),))]
    return []


def _leaves(config: Config, sets: Sequence[str]) -> Iterator[tuple[str, Any]]:
    for name in sets:
        loader = config.get(f'{name}_dataloader')
        if isinstance(loader, Mapping) and isinstance(loader.get('dataset'), Mapping):
            yield from ((name, leaf) for leaf in leaf_configs(loader['dataset']))


def _holders_of_files(config: Config) -> Iterator[Any]:
    """Yield each dataset and evaluator of a config that names an annotation file."""
    yield from (leaf for _, leaf in _leaves(config, SETS))
    waiting = [config.get(f'{name}_evaluator') for name in SETS]
    while waiting:
        evaluator = waiting.pop()
        if isinstance(evaluator, Mapping):
            yield evaluator
            waiting.append(evaluator.get('metrics'))
        elif isinstance(evaluator, list | tuple):
            waiting.extend(evaluator)


def _source(leaf: Mapping[str, Any]) -> str:
    return f'{type_name(leaf)} {_absolute(_joined(leaf))} {leaf.get("data_prefix")} {leaf.get("metainfo")}'


def _joined(holder: Mapping[str, Any]) -> str:
    """Return the path of an annotation file as MMEngine joins it with the root, which evaluators have none of."""
    path, root = holder.get('ann_file'), holder.get('data_root')
    if not isinstance(path, str):
        return ''
    return posixpath.join(root, path) if isinstance(root, str) and '://' not in path else path


def _absolute(path: str) -> str:
    return path if '://' in path else os.path.abspath(path)  # noqa: PTH100 (resolve() would follow links)


def _write_copies(leaves: Sequence[CheckedLeaf], folder: Path) -> dict[str, dict[str, str]]:
    """Write what files should hold, and return the settings that read each copy, by the path of its original."""
    copies: dict[str, dict[str, str]] = {}
    for leaf in leaves:
        path = folder.absolute() / file_name(Path(leaf.ann_file).name)
        while str(path) in [copy['ann_file'] for copy in copies.values()]:
            path = path.with_stem(f'{path.stem}_')
        if isinstance(leaf.content, str):
            write_text(path, leaf.content)
        else:
            write_plain(leaf.content, path)
        copies[_absolute(leaf.ann_file)] = {'ann_file': str(path), **_write_xml(leaf.xml, path)}
    return copies


def _write_xml(xml: Mapping[str, bytes], beside: Path) -> dict[str, str]:
    folder = beside.with_name(f'{beside.stem}_xml')
    for name, content in xml.items():
        with new_file(folder / f'{name}.xml') as path:
            path.write_bytes(content)
    return {'ann_subdir': str(folder)} if xml else {}
