# RetinaNet for section 4.8 (Table 7 trains it on 500 images: --iters 2500 keeps the paper's iterations per image).
_base_ = [
    'mmdet::_base_/models/retinanet_r50_fpn.py', 'mmdet::_base_/datasets/voc0712.py',
    '../_base_/schedules/schedule_1ki.py'
]
model = dict(bbox_head=dict(num_classes=20))
train_dataloader = dict(batch_size=16, num_workers=4, sampler=dict(type='InfiniteSampler'))

# Its losses explode on small training sets with the stock settings (section 4.8); the paper's own remedies are not in
# its main text. These are MMDetection's usual ones, and a longer warm-up.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=200),
    dict(type='MultiStepLR', begin=0, end=1000, by_epoch=False, milestones=[667, 889], gamma=0.1)
]
optim_wrapper = dict(optimizer=dict(lr=0.01), clip_grad=dict(max_norm=35, norm_type=2))
