"""Building the training dataset of a config."""

from __future__ import annotations

from typing import Any

from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import DefaultScope, init_default_scope

from mmcsod.config import training_set
from mmcsod.errors import UserError


def build_training_set(config: Config) -> Any:
    """Build the training dataset of ``config``, wrapper, filter and all.

    Raises:
        UserError: If the data cannot be read.
    """
    if DefaultScope.get_current_instance() is None:
        init_default_scope(config.get('default_scope') or 'mmdet')
    try:
        return DATASETS.build(training_set(config))
    except UserError:
        raise
    except Exception as error:  # an annotation file can be wrong in any way
        raise UserError(f'The training data cannot be read ({type(error).__name__}: {error}); check data_root and '
                        'ann_file of the config.') from error
