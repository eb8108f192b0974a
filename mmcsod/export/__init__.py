"""Writing a coreset in the dataset's own terms, for training without this package."""

from mmcsod.export.export import FORMATS, export_coreset

__all__ = ['FORMATS', 'export_coreset']
