_base_ = [
    '../_base_/models/faster-rcnn_mobilenet-v2_fpn_light.py', '../_base_/datasets/chess_320x256.py',
    '../_base_/schedules/schedule_200i.py'
]
train_dataloader = dict(num_workers=1)
val_dataloader = dict(num_workers=1)
test_dataloader = dict(num_workers=1)
model = dict(roi_head=dict(bbox_head=dict(num_classes=12)))
