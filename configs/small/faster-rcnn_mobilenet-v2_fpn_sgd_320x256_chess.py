_base_ = [
    '../_base_/models/faster-rcnn_mobilenet-v2_fpn.py', '../_base_/datasets/chess_320x256.py',
    '../_base_/schedules/schedule_200i_sgd.py'
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=12)))
