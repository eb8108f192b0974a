# The paper's detector and protocol (section 4.1): VOC 2007+2012 trainval, Faster R-CNN C4, 1,000 iterations for 200
# images, AP50 on VOC 2007 test. The batch is not in the paper's main text: 16 images, which the stock learning rate
# is meant for, here in one process.
_base_ = 'mmdet::pascal_voc/faster-rcnn_r50-caffe-c4_ms-18k_voc0712.py'

max_iter = 1000
train_dataloader = dict(batch_size=16, num_workers=4)
train_cfg = dict(max_iters=max_iter, val_interval=max_iter)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', begin=0, end=max_iter, by_epoch=False, milestones=[667, 889], gamma=0.1)
]
default_hooks = dict(checkpoint=dict(interval=max_iter))
