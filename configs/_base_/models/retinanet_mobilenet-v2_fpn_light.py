# retinanet_mobilenet-v2_fpn.py with the first four backbone stages kept as ImageNet left them.
_base_ = 'retinanet_mobilenet-v2_fpn.py'
model = dict(backbone=dict(frozen_stages=4))
