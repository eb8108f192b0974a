"""The fixtures of the datasets and of the tiny detector that trains on them."""

from tests.test_datasets.conftest import coco_coreset, coco_root, mmdet_modules  # noqa: F401
from tests.test_training.conftest import tiny_config  # noqa: F401
