_base_ = 'mmdet::_base_/default_runtime.py'

# 200 iterations of 8 images: chess's training set eight times, a few minutes on two CPU cores.
# In 120 of them AdamW with a cosine comes near to SGD with steps in 200, or passes it (results/photographs.md).
max_iters = 200
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=20),
    dict(type='CosineAnnealingLR', begin=20, end=max_iters, T_max=max_iters - 20, eta_min=1e-6, by_epoch=False)
]
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.0008, weight_decay=0.05),
    clip_grad=dict(max_norm=10, norm_type=2))

default_hooks = dict(logger=dict(interval=20), checkpoint=dict(by_epoch=False, interval=max_iters))
log_processor = dict(by_epoch=False)
