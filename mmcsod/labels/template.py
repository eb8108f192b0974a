"""The text of the config that labels become."""

from collections.abc import Mapping, Sequence
from pprint import pformat
from textwrap import dedent

from mmcsod.labels.split import Split

WRITTEN = '# An MMDetection config, written by mmcsod from'
"""How the config begins."""
BACKBONE_WEIGHTS = 'mmcsod://mobilenet_v2_imagenet.pth'


def config_text(
    source: str,
    splits: Mapping[str, Split | None],
    classes: Sequence[str],
    unused: Sequence[str],
    scale: tuple[int, int],
) -> str:
    """Return an MMDetection config for splits 'train', and 'val' and 'test' or None, without ``unused`` categories."""
    parts = [
        _head(source, classes, unused, scale),
        *(_dataloader(split, splits[split]) for split in ('train', 'val', 'test')),
    ]
    return '\n\n'.join(parts) + '\n'


def _head(source: str, classes: Sequence[str], unused: Sequence[str], scale: tuple[int, int]) -> str:
    left_out = f'; left out, without annotations: {", ".join(map(repr, unused))}' if unused else ''
    names = pformat(tuple(classes), width=105, compact=True).replace('\n', '\n' + ' ' * len('classes = '))
    return dedent("""\
        {written} {source!r}. Edit it like any other.
        _base_ = [
            'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
            'mmdet::_base_/schedules/schedule_1x.py',
            'mmdet::_base_/default_runtime.py',
        ]
        custom_imports = dict(imports=['mmcsod'], allow_failed_imports=False)  # for the weights that mmcsod:// names

        # In the annotation files' order{left_out}.
        classes = {names}

        # Images are resized to fit these sides. Larger sides show smaller objects and take longer.
        scale = {scale}

        # Without a checkpoint, this backbone selects. `mmcsod retrain` trains this detector, small enough for a CPU, or
        # another one with `mmcsod retrain mmdet::FOLDER/NAME.py coreset.json --data THIS_FILE`.
        model = dict(
            data_preprocessor=dict(mean=[127.5, 127.5, 127.5], std=[127.5, 127.5, 127.5]),
            backbone=dict(
                _delete_=True,
                type='MobileNetV2',
                out_indices=(1, 2, 4, 6),
                frozen_stages=1,
                norm_eval=True,
                init_cfg=dict(type='Pretrained', checkpoint='{weights}')),
            neck=dict(in_channels=[24, 32, 96, 320], out_channels=64),
            rpn_head=dict(in_channels=64, feat_channels=64),
            roi_head=dict(
                bbox_roi_extractor=dict(out_channels=64),
                bbox_head=dict(in_channels=64, fc_out_channels=256, num_classes={number})),
            train_cfg=dict(rpn_proposal=dict(nms_pre=500, max_per_img=200), rcnn=dict(sampler=dict(num=128))),
            test_cfg=dict(rpn=dict(nms_pre=500, max_per_img=200)))
        optim_wrapper = dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=35, norm_type=2))
        auto_scale_lr = dict(base_batch_size=8)  # the batch that this learning rate is for

        train_pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='Resize', scale=scale, keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs'),
        ]
        test_pipeline = [
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=scale, keep_ratio=True),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')),
        ]""").format(
        written=WRITTEN,
        source=source,
        left_out=left_out,
        names=names,
        scale=scale,
        weights=BACKBONE_WEIGHTS,
        number=len(classes),
    )


def _dataloader(split: str, data: Split | None) -> str:
    if data is None:
        return f'{split}_dataloader = {split}_cfg = {split}_evaluator = None  # no {split} labels were given'
    is_train = split == 'train'
    sampler = f"dict(type='DefaultSampler', shuffle={is_train})"
    mode = 'filter_cfg=dict(filter_empty_gt=True)' if is_train else 'test_mode=True'
    text = dedent("""\
        {split}_dataloader = dict(
            batch_size=8,
            num_workers=2,
            persistent_workers=True,
            sampler={sampler},
            dataset=dict(
                type='CocoDataset',
                metainfo=dict(classes=classes),
                ann_file={ann_file!r},
                data_root={root!r},
                data_prefix=dict(img=''),
                {mode},
                pipeline={pipeline}_pipeline))""").format(
        split=split,
        sampler=sampler,
        ann_file=str(data.ann_file),
        root=f'{data.images}/',
        mode=mode,
        pipeline='train' if is_train else 'test',
    )
    evaluator = f"{split}_evaluator = dict(type='CocoMetric', ann_file={str(data.ann_file)!r}, metric='bbox')"
    return text if is_train else f'{text}\n{evaluator}'
