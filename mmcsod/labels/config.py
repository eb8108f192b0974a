"""A config from labels, as the command line and ``extract_bank`` take them."""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import yaml

from mmcsod.labels.coco import coco_split, read_coco, used_classes, usual_size
from mmcsod.labels.split import Split, normal
from mmcsod.labels.template import WRITTEN, config_text
from mmcsod.labels.voc import VOCFolder
from mmcsod.labels.yolo import read_yaml, write_yolo_folder, yaml_split
from mmcsod.util.errors import UserError
from mmcsod.util.files import begins_with, write_text

logger = logging.getLogger('mmcsod')

CONFIG = 'config.py'
SPLITS = ('train', 'val', 'test')
CONFIG_KEYS = frozenset({'_base_', 'model', 'train_dataloader'})
"""Entries that tell a config in JSON or YAML from labels."""
PACKED = ('.gz', '.tgz', '.zip')
"""How packed labels end, which are unpacked first."""
PLAIN_FOLDERS = frozenset({'annotations', 'labels', 'images', 'data'})
"""Folders whose names do not tell a dataset."""


def is_labels(name: str | Path) -> bool:
    """Return whether a path is labels and not a config: a folder, packed, or JSON or YAML without its entries."""
    path = Path(name)
    if path.is_dir() or (path.is_file() and path.suffix.lower() in PACKED):
        return True
    if not path.is_file() or path.suffix.lower() not in ('.json', '.yaml', '.yml'):
        return False
    try:
        if path.suffix.lower() == '.json':  # the entries alone: annotations may be a gigabyte
            keys = set(msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw]))
        else:
            keys = set(yaml.safe_load(path.read_bytes()))
    except (OSError, ValueError, TypeError, msgspec.MsgspecError, yaml.YAMLError):
        return True  # broken labels: their reader says how
    return not CONFIG_KEYS & keys


def is_written(config: str | Path) -> bool:
    """Return whether a config is one that :func:`write_config` wrote, edited or not."""
    return Path(config).is_file() and begins_with(config, WRITTEN)


def config_of(
    config: str | Path,
    work_dir: str | Path | None = None,
    images: str | Path | None = None,
    val: str | Path | None = None,
    test: str | Path | None = None,
    overwrite: bool = False,
) -> str | Path:
    """Return a config as it is, and for labels the one that :func:`write_config` writes, whose arguments these are."""
    if is_labels(config):
        config = write_config(config, work_dir, images, val, test, overwrite)
        logger.info('Wrote the config %s.', config)
        return config
    if (images, val, test) != (None, None, None):
        if '::' not in str(config) and not Path(config).exists():
            raise UserError(f'There are no labels {config}.')
        raise UserError(f'{config} is a config, which names its own data; --images, --val and --test go with labels.')
    return config


def labels_work_dir(labels: str | Path) -> Path:
    """Return the folder to write to: ``work_dirs`` and the dataset's name."""
    path = normal(Path(labels))
    folders = [path, *path.parents] if path.is_dir() else path.parents
    name = next((folder.name for folder in folders if folder.name.lower() not in PLAIN_FOLDERS), '')
    return Path('work_dirs') / (name or 'labels')


def write_config(
    labels: str | Path,
    work_dir: str | Path | None = None,
    images: str | Path | None = None,
    val: str | Path | None = None,
    test: str | Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a plain MMDetection config for labels; YOLO and VOC labels become COCO JSON beside it.

    Args:
        labels: COCO JSON, a YOLO ``data.yaml``, or a folder: VOC's with ``Annotations``, YOLO's with ``labels``.
        work_dir: Folder of the config; :func:`labels_work_dir` by default.
        images: Folder of the images; by default it is looked for around the labels.
        val: Labels of the validation set, likewise; by default what ``labels`` names.
        test: Labels of the test set, likewise.
        overwrite: Replace a config that was edited.

    Returns:
        The path of the config.

    Raises:
        UserError: If labels cannot be read, or an edited config is there.
    """
    folder = normal(Path(work_dir or labels_work_dir(labels)))
    given = {'train': labels, 'val': val, 'test': test}
    splits = _read_splits({name: Path(path) for name, path in given.items() if path is not None}, images, folder)
    train = splits['train']
    assert train is not None
    content = read_coco(train.ann_file)
    classes, unused = used_classes(content)
    if not classes:
        raise UserError(f'{labels} has no object of any class; a coreset is selected by objects.')
    text = config_text(str(labels), splits, classes, unused, usual_size(content))
    path = folder / CONFIG
    if path.exists() and path.read_text(encoding='utf-8') != text and not overwrite:
        raise UserError(
            f'{path} is another config than these labels give, perhaps edited; give it in place of the labels, or '
            'replace it with --overwrite.'
        )
    write_text(path, text)
    return path


def refuse_no_folder(images: str | Path | None) -> None:
    """Refuse ``--images`` that is not a folder."""
    if images is not None and not Path(images).is_dir():
        raise UserError(f'There is no folder {images}; --images names the folder of the images.')


def _read_splits(given: dict[str, Path], images: str | Path | None, folder: Path) -> dict[str, Split | None]:
    """Return each split; what was given for one counts before what the training labels name for it."""
    refuse_no_folder(images)
    image_folder = None if images is None else Path(images)
    first = _reader(given['train'], image_folder)
    splits = {name: first(name, folder / f'{name}.json') for name in SPLITS}
    for name in ('val', 'test'):
        if name in given:
            splits[name] = _reader(given[name], image_folder)('train', folder / f'{name}.json')
    return splits


def _reader(path: Path, images: Path | None) -> Callable[[str, Path], Split | None]:
    """Return what writes a split of some labels to a file; None for a split that the labels do not name."""
    if path.suffix.lower() == '.json':
        return lambda split, out: coco_split(path, images) if split == 'train' else None
    if path.suffix.lower() in ('.yaml', '.yml'):
        content = read_yaml(path)
        return lambda split, out: yaml_split(path, content, split, out)
    if path.is_file() and path.suffix.lower() in PACKED:
        raise UserError(f'{path} is packed, and MMDetection reads plain files; unpack it and give what is in it.')
    if not path.is_dir():
        raise UserError(f'There are no labels {path}; give COCO JSON, a YOLO data.yaml, or a folder of labels.')
    if (path / 'data.yaml').is_file():
        return _reader(path / 'data.yaml', images)
    if path.name == 'Annotations' or (path / 'Annotations').is_dir():
        return VOCFolder(path, images).write_split
    if (path / 'labels').is_dir() or path.name == 'labels':
        return lambda split, out: write_yolo_folder(path, images, out) if split == 'train' else None
    raise UserError(
        f'{path} holds neither Annotations (VOC), nor labels or data.yaml (YOLO); name the labels themselves.'
    )
