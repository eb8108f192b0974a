# faster-rcnn_mobilenet-v2_fpn.py at half the cost: feature maps from stride 8 on with anchors of the same sizes, fewer
# proposals and RoIs, one sample per RoI bin, and the first four backbone stages kept as ImageNet left them.
_base_ = 'faster-rcnn_mobilenet-v2_fpn.py'
model = dict(
    backbone=dict(out_indices=(2, 4, 6), frozen_stages=4),
    neck=dict(in_channels=[32, 96, 320], num_outs=4),
    rpn_head=dict(anchor_generator=dict(scales=[2], strides=[8, 16, 32, 64])),
    roi_head=dict(bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=1), featmap_strides=[8, 16, 32])),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=64)),
        rpn_proposal=dict(nms_pre=200, max_per_img=64),
        rcnn=dict(sampler=dict(num=32))),
    test_cfg=dict(rpn=dict(nms_pre=200, max_per_img=64), rcnn=dict(max_per_img=50)))
