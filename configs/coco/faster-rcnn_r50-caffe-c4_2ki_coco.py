# Section 4.7: COCO 2017, 400 images in 2,000 iterations of 16 (five iterations an image, as for VOC; the paper's
# schedule for COCO is not in its main text). 800 images: --iters 4000.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py', 'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/schedule_1ki.py'
]
max_iters = 2000
train_dataloader = dict(batch_size=16, num_workers=4, sampler=dict(type='InfiniteSampler'))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', begin=0, end=max_iters, by_epoch=False, milestones=[1333, 1778], gamma=0.1)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
