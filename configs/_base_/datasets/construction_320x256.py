# People and safety gear on construction sites, COCO JSON: 937 photographs for training, 252 for validation.
_base_ = 'chess_320x256.py'
data_root = 'data/construction/'
metainfo = dict(classes=('helmet', 'no-helmet', 'no-vest', 'person', 'vest'))

train_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, metainfo=metainfo))
val_dataloader = dict(
    num_workers=1,
    dataset=dict(
        data_root=data_root, metainfo=metainfo, ann_file='annotations/val.json', data_prefix=dict(img='val/')))
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator
