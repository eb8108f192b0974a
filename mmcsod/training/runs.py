"""Work dirs of runs: which images each was trained on, so that two runs never mix."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmcsod.records.coreset import Coreset
from mmcsod.training.options import RetrainOptions
from mmcsod.util.errors import UserError
from mmcsod.util.files import json_digest, read_json, write_json

RECORD = 'run.json'
"""What a run was asked for, written before its first iteration."""
RESULT = 'result.json'
CHECKPOINT_NOTE = 'last_checkpoint'
"""Where MMEngine's CheckpointHook writes the path of the last checkpoint."""


def images_digest(coreset: Coreset | None, num_images: int | None = None) -> str:
    """Return a SHA-256 of the images to train on, in any order; of the full training set for None."""
    return json_digest(None if coreset is None else sorted(coreset.image_ids[:num_images]))


def refuse_mixing(work_dir: Path, record: Mapping[str, Any], options: RetrainOptions) -> None:
    """Refuse to start in the work dir of another run, and to continue the run of other images."""
    if options.resume is None:
        if not options.overwrite:
            _refuse_existing(work_dir)
        return
    path = (work_dir if options.resume == 'auto' else Path(options.resume).parent) / RECORD
    if path.is_file():
        found = read_json(path, 'the record of a run', dict[str, Any])
        if found['images_sha256'] != record['images_sha256']:
            raise UserError(
                f'{path.parent} holds a run on other images ({_subset(found)}), which --resume would continue on '
                f'{_subset(record)}; name another --work-dir, or start anew with --overwrite in place of --resume.'
            )


def start_record(work_dir: Path, record: Mapping[str, Any], resume: bool) -> None:
    """Write down what a run was asked for; a run that starts anew leaves no result or checkpoint to go on from."""
    if not resume:
        for name in (RESULT, CHECKPOINT_NOTE):
            (work_dir / name).unlink(missing_ok=True)
    write_json(work_dir / RECORD, record)


def last_checkpoint(work_dir: Path) -> str | None:
    """Return the path of a run's last checkpoint, None if it has none."""
    note = work_dir / CHECKPOINT_NOTE
    return note.read_text(encoding='utf-8').strip() if note.is_file() else None


def _refuse_existing(work_dir: Path) -> None:
    if (work_dir / RESULT).exists():
        raise UserError(
            f'{work_dir} holds a finished run ({RESULT}); name another --work-dir, or replace it with --overwrite.'
        )
    if (work_dir / CHECKPOINT_NOTE).exists():
        raise UserError(
            f'{work_dir} holds an unfinished run; continue it with --resume, or start anew with --overwrite.'
        )


def _subset(record: Mapping[str, Any]) -> str:
    if record['coreset'] is None:
        return 'the full training set'
    first = '' if record['num_images'] is None else f'the first {record["num_images"]} images of '
    return f'{first}{record["coreset"]}'
