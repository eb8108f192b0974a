_base_ = [
    '../_base_/models/retinanet_mobilenet-v2_fpn.py', '../_base_/datasets/bccd_320x256.py',
    '../_base_/schedules/schedule_200i_sgd.py'
]
model = dict(bbox_head=dict(num_classes=3))
