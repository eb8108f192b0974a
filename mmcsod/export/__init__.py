"""Writing a coreset in the dataset's own terms, for training without this package."""

from mmcsod.export.export import FORMATS, export_coreset
from mmcsod.export.source import Export

__all__ = ['FORMATS', 'Export', 'export_coreset']
