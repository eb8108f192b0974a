"""The dataset wrapper that trains on a coreset, and the definition of image ids."""

from mmcsod.datasets.coreset_dataset import CoresetDataset
from mmcsod.datasets.ids import all_image_ids, common_root, image_id, image_ids, leaf_configs, leaf_datasets

__all__ = ['CoresetDataset', 'all_image_ids', 'common_root', 'image_id', 'image_ids', 'leaf_configs', 'leaf_datasets']
