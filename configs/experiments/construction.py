# Photographs of construction sites. Features of ImageNet's backbone select; construction_1.py and construction_2.py
# select with a trained detector. The protocol is in docs/results.md, fixed before the first run. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_construction.py --num-images 25 \
#       --work-dir work_dirs/imagenet_construction
_base_ = 'fod_a.py'
name = 'construction'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_construction.py'}
selector = dict(bank='work_dirs/imagenet_construction/features')
num_images = [25]  # 5 a class

# 2 and 10 a class where fod_a.py has them
grid = [dict(block, num_images=[10, 50]) if 'num_images' in block else block for block in _base_.grid]
