"""Reading configs: by path or by stock name, and what several parts of the package look up in them."""

import argparse
import importlib.util
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from mmengine.config import Config, ConfigDict, DictAction

from mmcsod.util.errors import UserError, first_cause


def load_config(name: str, overrides: Mapping[str, Any] | None = None) -> Config:
    """Read a config and apply ``--cfg-options``.

    Args:
        name: A path, or a stock name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py``. A path
            ``configs/...`` that is not there is looked for among this package's own configs.
        overrides: Dotted keys and their values.
    """
    path = _find(name)
    if not path.is_file():
        what = 'are neither labels nor a' if '::' not in name and _may_be_labels(name) else 'is no'
        raise UserError(f'There {what} config {name}; give the path of one, or a stock one as mmdet::FOLDER/NAME.py.')
    try:
        cfg = Config.fromfile(path)
    except ImportError as error:
        _refuse_module_beside(path, error)
        raise UserError(
            f'The config {name} needs what is not installed here ({first_cause(error)}); install it, or '
            'give another config.'
        ) from error
    except Exception as error:  # a config is a program: it may raise anything
        raise UserError(f'The config {name} cannot be read ({type(error).__name__}: {error}).') from error
    _drop_modules(cfg)
    override(cfg, overrides or {})
    return cfg


def _drop_modules(config: Config) -> None:
    """Drop what ``import os`` leaves in a new-style config, in place: it can be neither copied nor written."""
    for name in [name for name, value in config.items() if isinstance(value, ModuleType)]:
        config.pop(name)


def _refuse_module_beside(path: Path, error: BaseException) -> None:
    """Say how a missing module is found that lies beside the config or in the current folder."""
    missing = re.search(r"No module named '(\w+)", first_cause(error))
    for folder in (path.absolute().parent, Path.cwd()) if missing else ():
        module = folder / str(missing and missing[1])
        if module.with_suffix('.py').is_file() or module.is_dir():
            raise UserError(
                f'The config {path} imports {module.name}, which lies in {folder} where Python does not look; run the '
                f'same command with PYTHONPATH={shlex.quote(str(folder))} before it.'
            ) from error


def override(config: Config, overrides: Mapping[str, Any]) -> None:
    """Apply ``--cfg-options`` to a config, in place."""
    try:
        config.merge_from_dict(dict(overrides))
    except (AttributeError, KeyError, TypeError) as error:  # of a key below a number, or beyond the end of a list
        raise UserError(
            f'--cfg-options do not fit the config {config.filename} ({type(error).__name__}: {error}); '
            'look at the names of its settings.'
        ) from error


def parse_cfg_options(options: Sequence[str]) -> dict[str, Any]:
    """Parse ``KEY=VALUE`` words as MMEngine's ``--cfg-options`` does."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs=1, action=DictAction)
    parsed: dict[str, Any] = {}
    for option in options:
        try:
            parsed.update(parser.parse_args(['--cfg-options', option]).cfg_options)
        except (ValueError, AssertionError) as error:
            raise UserError(
                f"--cfg-options cannot read '{option}'; write KEY=VALUE, with brackets that match."
            ) from error
    return parsed


def training_set(config: Config) -> ConfigDict:
    """Return the config of the training dataset."""
    loader = config.get('train_dataloader')
    if not isinstance(loader, Mapping) or not isinstance(loader.get('dataset'), Mapping):
        raise UserError(
            'The config has no train_dataloader.dataset, and that is the training set that images are '
            'chosen from; give the config that a detector is trained with.'
        )
    return loader['dataset']


def type_name(config: Mapping[str, Any]) -> str:
    """Return the bare class name of a config's ``type``, which is a string or, in new-style configs, a class."""
    kind = config.get('type', '')
    return getattr(kind, '__name__', None) or str(kind).rpartition('.')[2]


def changed(node: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return a config whose mappings are copied and changed, the innermost first."""
    if isinstance(node, Mapping):
        return change({key: changed(value, change) for key, value in node.items()})
    if isinstance(node, list | tuple):
        return type(node)(changed(value, change) for value in node)  # some layers tell lists from tuples
    return node


def _may_be_labels(name: str) -> bool:
    return name.endswith('/') or Path(name).suffix.lower() in ('', '.json', '.yaml', '.yml')


def _find(name: str) -> Path:
    if '::' in name:
        return _stock_path(name)
    path = Path(name)
    carried = Path(__file__).parents[1] / '.mim' / path
    return carried if path.parts[:1] == ('configs',) and not path.exists() and carried.exists() else path


def _stock_path(name: str) -> Path:
    package, _, relative = name.partition('::')
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):  # a.b without an a, or no name of a package at all
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise UserError(f'The config {name} is in the package {package}, which is not installed.')
    return Path(spec.submodule_search_locations[0]) / '.mim' / 'configs' / relative


def box_classes(config: Config) -> int | None:
    """Return the number of classes of the model's box head, None if it names none or counts words instead."""
    model = config.get('model') or {}
    heads = [holder['num_classes'] for name, holder in class_holders(model) if name == 'bbox_head']
    return heads[0] if heads and not model.get('language_model') else None


def class_holders(node: Any, name: str = 'model') -> Iterator[tuple[str, Any]]:
    """Yield each mapping of a model config that has ``num_classes``, with the key that it is found under."""
    if isinstance(node, Mapping):
        if isinstance(node.get('num_classes'), int):
            yield name, node
        for key, value in node.items():
            if key != 'rpn_head':
                yield from class_holders(value, key)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from class_holders(value, name)
