"""One training run in a process of its own: ``python -m mmcsod.experiments.training_run REQUEST.json``.

The request holds the arguments of :func:`mmcsod.retrain`, which is what ``mmcsod retrain``
calls; the run leaves ``result.json`` in its work dir.
"""

import hashlib
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mmcsod.util.console import run
from mmcsod.util.errors import UserError
from mmcsod.util.files import read_json, write_json
from mmcsod.util.processes import child_environment, end_with_parent

SECONDS_BETWEEN_LOOKS = 1.0
"""How often a running training's log is read for its iteration."""

Progress = Callable[[int], object]
"""Is called with the number of iterations done."""


def train_in_process(
    work_dir: Path, config: str, coreset: Path | None, options: Mapping[str, Any], progress: Progress = lambda _: None
) -> Mapping[str, Any]:
    """Train and evaluate in a process of its own, unless ``work_dir`` holds that very run, finished.

    Without a ``coreset``, it trains on the full set; ``options`` are fields of
    :class:`mmcsod.training.options.RetrainOptions`. Return what ``mmcsod retrain`` writes to ``result.json``.
    """
    request = {
        'config': config,
        'coreset': None if coreset is None else str(coreset),
        'coreset_sha256': None if coreset is None else hashlib.sha256(coreset.read_bytes()).hexdigest(),
        'annotations_sha256': annotation_digests(config, options.get('cfg_options')),
        'options': {**options, 'work_dir': str(work_dir)},
    }
    asked, result = work_dir / 'request.json', work_dir / 'result.json'
    before = read_json(asked, 'a request', dict[str, Any]) if result.exists() and asked.exists() else None
    if before is None or {**request, **before} != request:  # older versions did not write all of it down
        result.unlink(missing_ok=True)
        write_json(asked, request)
        _call(work_dir, progress)
    return read_json(result, 'the result of a run')


def annotation_digests(config: str, overrides: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the SHA-256 of each local annotation file of a config's training set, by its path in the config."""
    from mmcsod.datasets.ids import leaf_configs
    from mmcsod.util.config import load_config, training_set

    digests: dict[str, str] = {}
    try:
        leaves = leaf_configs(training_set(load_config(config, overrides)))
    except UserError:  # the run tells it
        return digests
    for leaf in leaves:
        path = Path(leaf.get('data_root') or '', leaf.get('ann_file') or '')
        if path.is_file():
            digests[str(leaf['ann_file'])] = hashlib.sha256(path.read_bytes()).hexdigest()
    return digests


def _call(work_dir: Path, progress: Progress) -> None:
    log = work_dir / 'log.txt'
    command = [sys.executable, '-m', __name__, str(work_dir / 'request.json')]
    with log.open('wb') as file:
        process = subprocess.Popen(
            command, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=child_environment()
        )
    try:
        while _is_running(process):
            progress(iterations_done(log))
    finally:
        process.kill()  # does nothing once it has ended
        process.wait()
    if process.returncode:
        lines = log.read_text(errors='replace').strip().splitlines() or ['nothing was printed']
        raise UserError(
            f'The run in {work_dir} failed with status {process.returncode} ({lines[-1][:300]}); see {log}.'
        )


def _is_running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(SECONDS_BETWEEN_LOOKS)
    except subprocess.TimeoutExpired:
        return True
    return False


def iterations_done(log: Path) -> int:
    """Return the last iteration that MMEngine logged, 0 before the first."""
    found = re.findall(r'Iter\(train\)\s*\[\s*(\d+)/', log.read_text(errors='replace'))
    return int(found[-1]) if found else 0


def main() -> None:
    """Do what the request says."""
    end_with_parent()
    request = read_json(sys.argv[1], 'a request')
    from mmcsod.training.retrain import retrain

    retrain(request['config'], request['coreset'], overwrite=True, **request['options'])


if __name__ == '__main__':
    run(main)
