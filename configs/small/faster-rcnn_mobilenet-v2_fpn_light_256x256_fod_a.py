_base_ = [
    '../_base_/models/faster-rcnn_mobilenet-v2_fpn_light.py', '../_base_/datasets/fod_a_256x256.py',
    '../_base_/schedules/schedule_200i.py'
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=23)))
