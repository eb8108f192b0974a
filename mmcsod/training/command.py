"""What ``mmcsod retrain`` prints and does."""

from __future__ import annotations

from pathlib import Path

from mmcsod.launcher import rank
from mmcsod.training.retrain import Retraining, RetrainOptions, prepare, train, write_config


def retrain_command(config: str | Path, coreset: str | Path | None, options: RetrainOptions,
                    dry_run: bool = False) -> dict[str, float]:
    """Show the changes and the plan, then train.

    Args:
        config: Path or stock name of a training config.
        coreset: The coreset file; None trains on the full training set.
        options: How to train.
        dry_run: Stop after showing; nothing is written.

    Returns:
        The metrics of the last evaluation, empty after a dry run.

    Raises:
        UserError: If something is wrong with the config, the coreset or the data, or the loss turns NaN.
    """
    retraining = prepare(config, coreset, options)
    if rank(options.launcher) == 0:
        _show(retraining)
        if not dry_run:
            print(f'Resolved config: {write_config(retraining)}', flush=True)
    return {} if dry_run else train(retraining)


def _show(retraining: Retraining) -> None:
    print('Changes to the stock config:')
    print('\n'.join(f'  {line}' for line in retraining.difference))
    print('\nPlan:')
    print('\n'.join(f'  {line}' for line in retraining.plan.table().splitlines()))
    for warning in retraining.plan.warnings():
        print(f'warning: {warning}')
    print(flush=True)
