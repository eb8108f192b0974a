_base_ = [
    '../_base_/models/retinanet_mobilenet-v2_fpn_light.py', '../_base_/datasets/construction_320x256.py',
    '../_base_/schedules/schedule_200i.py'
]
model = dict(bbox_head=dict(num_classes=5))
