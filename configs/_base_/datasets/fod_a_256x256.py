# Debris on airport pavement, COCO JSON: 3,644 frames of 74 recordings for training; every third of 958 frames of 42
# other recordings for validation.
dataset_type = 'CocoDataset'
data_root = 'data/fod_a/'
metainfo = dict(
    classes=('Battery', 'Bolt', 'BoltWasher', 'ClampPart', 'Cutter', 'FuelCap', 'Hammer', 'Label', 'LuggagePart',
             'LuggageTag', 'MetalPart', 'Nail', 'Nut', 'PaintChip', 'Pen', 'PlasticPart', 'Pliers', 'Rock',
             'Screwdriver', 'SodaCan', 'Washer', 'Wire', 'Wrench'))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(256, 256), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
# `instances` gives the evaluator the ground truth of the frames that are evaluated; an annotation file would count the
# others as missed.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(256, 256), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor', 'instances'))
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        indices=list(range(0, 958, 3)),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='CocoMetric', metric='bbox')
test_evaluator = val_evaluator
