"""What the command lines are tested on: the datasets, configs and banks of the other folders."""

from tests.test_datasets.conftest import (  # noqa: F401
    coco_coreset,
    coco_root,
    mmdet_modules,
    voc_coreset,
    voc_root,
)
from tests.test_experiments.conftest import detector_config  # noqa: F401
from tests.test_export.conftest import coco_config, voc_config  # noqa: F401
from tests.test_report.by_hand import bank_by_hand  # noqa: F401
from tests.test_training.conftest import tiny_config  # noqa: F401
