# BDD100k detection, which MMDetection does not define: 70,000 / 10,000 images of 1280x720, ten classes.
# Download "100K Images" and "Detection 2020 Labels" from the BDD100k site and turn the labels into COCO's format with
# the dataset's own toolkit (github.com/bdd100k/bdd100k), from data/bdd100k:
#   python -m bdd100k.label.to_coco -m det -i labels/det_20/det_train.json -o labels/det_20/det_train_cocofmt.json
#   python -m bdd100k.label.to_coco -m det -i labels/det_20/det_val.json -o labels/det_20/det_val_cocofmt.json
dataset_type = 'CocoDataset'
data_root = 'data/bdd100k/'
metainfo = dict(
    classes=('pedestrian', 'rider', 'car', 'truck', 'bus', 'train', 'motorcycle', 'bicycle', 'traffic light',
             'traffic sign'))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='RandomChoiceResize',
        scales=[(1333, 480), (1333, 512), (1333, 544), (1333, 576), (1333, 608), (1333, 640), (1333, 672),
                (1333, 704), (1333, 736), (1333, 768), (1333, 800)],
        keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1333, 800), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs', meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))
]
train_dataloader = dict(
    batch_size=16,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='labels/det_20/det_train_cocofmt.json',
        data_prefix=dict(img='images/100k/train/'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        ann_file='labels/det_20/det_val_cocofmt.json',
        data_prefix=dict(img='images/100k/val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader

val_evaluator = dict(type='CocoMetric', ann_file=data_root + 'labels/det_20/det_val_cocofmt.json', metric='bbox')
test_evaluator = val_evaluator
