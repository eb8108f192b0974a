_base_ = [
    '../_base_/models/faster-rcnn_mobilenet-v2_fpn.py', '../_base_/datasets/chess_320x256.py',
    '../_base_/schedules/schedule_200i.py'
]

# The first stages of a backbone that was trained on ImageNet need no training: the demo has minutes, not hours.
max_iters = 80
model = dict(backbone=dict(frozen_stages=4), roi_head=dict(bbox_head=dict(num_classes=12)))
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
default_hooks = dict(checkpoint=dict(interval=max_iters))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=10),
    dict(type='CosineAnnealingLR', begin=10, end=max_iters, T_max=max_iters - 10, eta_min=1e-6, by_epoch=False)
]
