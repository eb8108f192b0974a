"""Does Stage 1 work with every config that MMDetection ships? Runs them all and writes docs/compatibility.md.

    python tools/dev/zoo_check.py --results work_dirs/zoo.jsonl          # goes on where it was stopped
    python tools/dev/zoo_check.py --results work_dirs/zoo.jsonl --again fails
    python tools/dev/zoo_check.py --results work_dirs/zoo.jsonl --write docs/compatibility.md

Each config is built with random weights, nothing is downloaded, and its features are extracted from two small images
through the pipeline that is derived from it. Each has a process of its own, forked after MMDetection was imported,
with bounded time and memory. Configs that read the same way are run once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np

SCALES = ((192, 128), (600, 600))
"""Of the images; the second where a model refuses the first."""
SMALL = 512  # SSD takes images of no other size than its own
SECONDS = 240
BYTES = 12 << 30
CLASSES = ('cat', 'dog')
BIG = re.compile(r'101|152|x101|200|swin-[bl]|_[lx]_|-[lx]_|hourglass|w40|gf')
SIZE = re.compile(
    r'[-_](r18|r34|r50|r101|x50|x101|s50|s101|r2-101|\d+x\d+d|\d+x\d+b|[a-z0-9.]*gf|w\d+|swin-.|'
    r'\d*x?b?\d+-?\d*e|\dx|ms|coco|caffe|amp|lsj|mstrain|ms-.*|\d+k|iter|open-image.*|semi-.*)(?=[-_.])'
)
OF_MORE_FILES = ('LVIS', 'Panoptic', 'V3Det')
"""Datasets that need more than COCO's annotation file; CocoDataset stands in for them."""
NOT_READ = ('train_cfg', 'test_cfg', 'init_cfg', 'pretrained', 'num_classes', 'teacher_ckpt')


def write_data(root: Path) -> None:
    """Write two images of noise with three boxes each, as COCO annotations."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for index, (width, height) in enumerate(((96, 160), (160, 96))):
        cv2.imwrite(str(root / f'{index}.png'), rng.integers(0, 255, (height, width, 3), np.uint8))
        images.append({'id': index, 'file_name': f'{index}.png', 'width': width, 'height': height})
        for number, side in enumerate((9, 30, 80)):
            annotations.append(
                {
                    'id': 10 * index + number + 1,
                    'image_id': index,
                    'category_id': 1 + number % 2,
                    'bbox': [5, 6, side, side],
                    'area': side * side,
                    'iscrowd': 0,
                }
            )
    categories = [{'id': number + 1, 'name': name} for number, name in enumerate(CLASSES)]
    (root / 'train.json').write_text(
        json.dumps({'images': images, 'annotations': annotations, 'categories': categories})
    )


def small(node: Any, scale: tuple[int, int] = SCALES[0]) -> Any:
    """Return a config whose images are small and that names no weights to fetch."""
    if isinstance(node, Mapping):
        copy = {key: small(value, scale) for key, value in node.items()}
        kind = str(copy.get('type', ''))
        if 'Resize' in kind and 'scale' in copy and np.max(copy['scale']) > SMALL:
            copy['scale'] = scale
        if kind.endswith('Pad') and isinstance(copy.get('size'), tuple | list):
            copy['size'] = (max(scale), max(scale))
        return {
            key: value
            for key, value in copy.items()
            if key != 'pretrained'
            and not (key == 'init_cfg' and isinstance(value, Mapping) and value.get('type') == 'Pretrained')
        }
    if isinstance(node, list | tuple):
        return type(node)(small(value, scale) for value in node)
    return node


def on_small_data(cfg: Any, root: Path, scale: tuple[int, int] = SCALES[0]) -> Any:
    """Return the config with its first training set replaced by the two images, all else as it is."""
    from mmdet.datasets import CocoDataset
    from mmdet.registry import DATASETS
    from mmengine.config import Config

    from mmcsod.datasets.ids import leaf_configs
    from mmcsod.util.config import training_set

    leaf = dict(leaf_configs(training_set(cfg))[0])
    kind = DATASETS.get(leaf['type']) if isinstance(leaf['type'], str) else leaf['type']
    if not (kind is not None and issubclass(kind, CocoDataset)) or any(name in kind.__name__ for name in OF_MORE_FILES):
        leaf = {'type': 'CocoDataset', 'pipeline': leaf.get('pipeline', [])}
    for name in ('indices', 'filter_cfg', 'dataset'):
        leaf.pop(name, None)
    leaf |= {
        'data_root': f'{root}/',
        'ann_file': 'train.json',
        'data_prefix': {'img': ''},
        'metainfo': {'classes': CLASSES},
    }
    copy = small(cfg.to_dict() if hasattr(cfg, 'to_dict') else dict(cfg), scale)
    copy['train_dataloader'] = {'dataset': leaf}
    return Config(copy)


def key_of(name: str) -> dict[str, Any]:
    """Return what tells a config from the others as far as features are concerned, or why it cannot be read."""
    from mmcsod.features.pipeline import derive_pipeline
    from mmcsod.features.wrapped_detectors import inner_config
    from mmcsod.util.config import load_config
    from mmcsod.util.errors import UserError

    try:
        cfg = load_config(f'mmdet::{name}')
    except UserError as error:
        return {'config': name, 'key': f'unreadable {name}', 'kind': '', 'error': str(error)}
    model = cfg.get('model') or {}
    inner = inner_config(model) if isinstance(model, Mapping) else {}
    kept = (
        inner
        if 'roi_head' in inner
        else {part: inner.get(part) for part in ('type', 'backbone', 'neck', 'data_preprocessor')}
    )
    try:
        pipeline: Any = small(derive_pipeline(cfg))
    except Exception as error:  # told again, properly, when the config runs
        pipeline = repr(error)
    text = json.dumps([without(kept), pipeline], sort_keys=True, default=str)
    kind = 'two-stage' if 'roi_head' in inner else 'other'
    return {'config': name, 'key': hashlib.sha256(text.encode()).hexdigest()[:16], 'kind': kind}


def without(node: Any) -> Any:
    """Return a model config without what features do not depend on."""
    if isinstance(node, Mapping):
        return {
            key: without(value) for key, value in node.items() if key not in NOT_READ and not key.startswith('loss')
        }
    return [without(value) for value in node] if isinstance(node, list | tuple) else node


def try_config(name: str, root: Path) -> dict[str, Any]:
    """Extract with a config, on larger images where it refuses small ones, and return what came of it."""
    results = (try_at(name, root, scale) for scale in SCALES)
    result = next(results)
    return next(results) if 'cannot be run on these images' in result['text'] else result


def try_at(name: str, root: Path, scale: tuple[int, int]) -> dict[str, Any]:
    """Extract with a config from images of a size and return what came of it."""
    import torch

    from mmcsod.features.detector import untrained_detector
    from mmcsod.features.taps import attach_tap
    from mmcsod.util.config import load_config
    from mmcsod.util.errors import UserError

    torch.manual_seed(0)
    logging.disable(logging.WARNING)
    try:
        cfg = on_small_data(load_config(f'mmdet::{name}'), root, scale)
        detector = untrained_detector(cfg)
        for weights in detector.parameters():  # some are left as memory was until init_weights, which takes its time
            if not (weights.abs() < 1e3).all():
                torch.nn.init.normal_(weights, std=0.02)
        try:
            tap = attach_tap(detector)
            vectors = vectors_of(tap, cfg)
        except UserError as error:
            if 'NaN' not in str(error):
                raise
            detector.init_weights()  # a few get out of hand without
            tap = attach_tap(detector)
            vectors = vectors_of(tap, cfg)
        finite = bool(np.isfinite(vectors).all() and (np.abs(vectors).sum(axis=1) > 0).all())
        return {
            'status': 'works' if finite and len(vectors) == 4 else 'fails',
            'tap': tap.name,
            'width': vectors.shape[1],
            'text': tap.description if finite else f'{len(vectors)} rows, not finite',
        }
    except UserError as error:
        return {'status': 'refused', 'text': str(error)}
    except Exception as error:
        traceback.print_exc()
        return {'status': 'traceback', 'text': f'{type(error).__name__}: {error}'.splitlines()[0]}


def vectors_of(tap: Any, cfg: Any) -> np.ndarray:
    """Extract and return the vectors of the rows."""
    from mmcsod.features.extract import extract_features
    from mmcsod.features.options import ExtractionOptions

    with tempfile.TemporaryDirectory() as folder:
        options = ExtractionOptions(num_workers=0, batch_size=1)
        return np.array(extract_features(tap, cfg, Path(folder) / 'features', options).vectors)


def in_child(task: Any, log: Path, seconds: int = SECONDS) -> dict[str, Any]:
    """Run a task in a forked process of bounded time and memory and return what it returned."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _be_child(task, log, seconds, write)
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    status = os.waitpid(child, 0)[1]
    return (
        json.loads(text)
        if status == 0 and text
        else {
            'status': 'fails',
            'text': f'killed by signal {status & 127}' if status & 127 else f'exit status {status >> 8}',
        }
    )


def _be_child(task: Any, log: Path, seconds: int, write: int) -> None:
    with log.open('ab') as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    signal.alarm(seconds)
    with os.fdopen(write, 'w') as pipe:
        json.dump(task(), pipe)


def run_all(path: Path, again: list[str], shard: tuple[int, int]) -> None:
    """Run what has no result yet."""
    import mmdet.models  # noqa: F401  (paid once, before any fork)

    from mmcsod.features import detector, extract  # noqa: F401

    names = shipped()
    keys_path, log = path.with_suffix('.keys.json'), path.with_suffix('.log')
    if not keys_path.exists():
        keys_path.write_text(json.dumps(in_child(lambda: {'all': [key_of(name) for name in names]}, log, 3600)['all']))
    first = {entry['key']: entry['config'] for entry in reversed(json.loads(keys_path.read_text()))}
    results = {} if not path.exists() else read(path)
    todo = [key for key in varied_first(first) if key not in results or results[key]['status'] in again]
    todo = todo[shard[0] - 1 :: shard[1]]
    with tempfile.TemporaryDirectory() as folder, path.open('a') as file:
        write_data(Path(folder))
        for number, key in enumerate(todo):
            start = time.perf_counter()
            result = in_child(lambda name=first[key]: try_config(name, Path(folder)), log)
            result |= {'key': key, 'config': first[key], 'seconds': round(time.perf_counter() - start, 1)}
            file.write(json.dumps(result) + '\n')
            file.flush()
            print(number + 1, len(todo), result['status'], first[key], result['text'][:160], flush=True)


def varied_first(first: Mapping[str, str]) -> list[str]:
    """Return the keys in an order of use: one config of each kind first, the small ones of a kind before the large.

    Args:
        first: Key to the name of a config.
    """
    kinds: dict[str, int] = {}
    ranked = []
    for key, name in sorted(first.items(), key=lambda item: (bool(BIG.search(item[1])), item[1])):
        kind = SIZE.sub('', name)
        kinds[kind] = kinds.get(kind, -1) + 1
        ranked.append((kinds[kind], len(ranked), key))
    return [key for *_, key in sorted(ranked)]


def shipped() -> list[str]:
    """Return the names of all shipped configs but those that are only parts of others."""
    import mmdet

    root = Path(mmdet.__file__).parent / '.mim' / 'configs'
    return sorted(str(path.relative_to(root)) for path in root.rglob('*.py') if '_base_' not in path.parts)


def read(path: Path) -> dict[str, dict[str, Any]]:
    """Return the last result of each key."""
    return {result['key']: result for result in map(json.loads, path.read_text().splitlines())}


def main() -> None:
    """Run, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--results', type=Path, required=True, help='JSON lines, one for each that was run')
    parser.add_argument('--again', nargs='+', default=[], help='run those of this status again: fails, refused, ...')
    parser.add_argument('--write', type=Path, help='write the page instead of running')
    parser.add_argument('--shard', default='1/1', help='i/n runs every n-th, for several processes at once')
    args = parser.parse_args()
    if args.write:
        from zoo_page import write_page  # a file beside this one

        write_page(args.results, args.write)
    else:
        first, count = map(int, args.shard.split('/'))
        run_all(args.results, args.again, (first, count))


if __name__ == '__main__':
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
