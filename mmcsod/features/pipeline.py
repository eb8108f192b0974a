"""Derive the extraction pipeline from the user's config: training annotations, test geometry, nothing random."""

import copy
from collections.abc import Iterator, Mapping, Sequence

from mmengine.config import Config

from mmcsod.datasets.ids import leaf_configs
from mmcsod.util.config import training_set, type_name
from mmcsod.util.errors import UserError

# Transforms whose names say "Random" go too; these are the random ones whose names do not.
RANDOM_TRANSFORMS = frozenset(
    {
        'Albu',
        'AutoAugment',
        'CachedMixUp',
        'CachedMosaic',
        'CopyPaste',
        'Corrupt',
        'CutOut',
        'Expand',
        'MinIoURandomCrop',
        'MixUp',
        'Mosaic',
        'PhotoMetricDistortion',
        'RandAugment',
        'YOLOXHSVRandomAug',
    }
)

META_KEYS = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'border')
"""What an image that was padded on all sides keeps, so that its boxes can be moved along."""


def derive_pipeline(cfg: Config) -> list[dict]:
    """Return the pipeline that shows the detector each training image as at test time, boxes included.

    The test pipeline's transforms are kept in order, less every random one and every loader of annotations;
    ``LoadAnnotations`` stands right after the image loader, so that boxes move with the image (a test pipeline
    loads them after the resize, where they do not).
    """
    test = list(_flat(_test_pipeline(cfg)))
    loaders = [t for t in test if is_image_loader(type_name(t))]
    if not loaders:
        raise UserError(
            'The test pipeline does not begin with LoadImageFromFile, so an extraction pipeline cannot be '
            'derived from it; give one with --pipeline.'
        )
    geometry = [t for t in test if _pads_around(t) or not _is_left_out(type_name(t))]
    packing = {'type': 'PackDetInputs', **({'meta_keys': META_KEYS} if any(map(_pads_around, geometry)) else {})}
    pipeline = [loaders[0], _annotation_loader(cfg), *geometry, packing]
    return copy.deepcopy([dict(t) for t in pipeline])


def _test_pipeline(cfg: Config) -> Sequence[dict]:
    for dataloader in ('test_dataloader', 'val_dataloader'):
        dataset = (cfg.get(dataloader) or {}).get('dataset')
        if dataset:
            pipeline = leaf_configs(dataset)[0].get('pipeline')
            if pipeline:
                return pipeline
    if cfg.get('test_pipeline'):
        return cfg['test_pipeline']
    raise UserError(
        'The config has no test or val dataset whose pipeline gives the image size at test time; '
        'add one, or give an extraction pipeline with --pipeline.'
    )


def _flat(pipeline: Sequence[dict]) -> Iterator[dict]:
    """Yield the transforms one by one; some are inside one that carries proposals or the frames of a clip along."""
    if not isinstance(pipeline, list | tuple) or not all(isinstance(transform, Mapping) for transform in pipeline):
        raise UserError(
            f'A pipeline of the config is no list of transforms, each a dict with a type, but {pipeline!r:.100}; '
            'mend it, or give one with --pipeline.'
        )
    for transform in pipeline:
        if type_name(transform) in ('ProposalBroadcaster', 'TransformBroadcaster'):
            yield from transform['transforms']
        else:
            yield transform


def _annotation_loader(cfg: Config) -> dict:
    """Return the config's own annotation loader, boxes only: it may name a box type."""
    for leaf in leaf_configs(training_set(cfg)):
        for transform in _flat(leaf.get('pipeline') or ()):
            if type_name(transform) == 'LoadAnnotations' and 'box_type' in transform:
                return {'type': 'LoadAnnotations', 'with_bbox': True, 'box_type': transform['box_type']}
    return {'type': 'LoadAnnotations', 'with_bbox': True}


def is_image_loader(name: str) -> bool:
    """Return whether a transform of such a name loads images."""
    return name.startswith('Load') and 'Image' in name


def _is_left_out(name: str) -> bool:
    """Return whether a transform loads, packs, drops annotations or is random."""
    return name.startswith(('Load', 'Pack')) or name in ('FilterAnnotations', *RANDOM_TRANSFORMS) or 'Random' in name


def _pads_around(transform: dict) -> bool:
    """Return whether it is CornerNet's padding at test time, which is not random, whatever its name says."""
    return type_name(transform) == 'RandomCenterCropPad' and bool(transform.get('test_mode'))
