# Photographs of construction sites. Features of ImageNet's backbone select; construction_1.py and construction_2.py
# select with a trained detector. The protocol is in docs/results.md, fixed before the first run. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_construction.py --num-images 25 \
#       --work-dir work_dirs/imagenet_construction
_base_ = 'fod_a.py'
name = 'construction'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_light_320x256_construction.py'}
selector = dict(bank='work_dirs/imagenet_construction/features')
num_images = [25]  # 5 a class

grid = [
    dict(methods=['csod'], lams=['2N/D']),
    dict(methods=['classwise-facility-location', 'uniform', 'full']),
    dict(methods=['csod', 'stride']),
    dict(methods=['classwise-facility-location', 'csod'], turns=['proportional']),
    dict(methods=['csod'], lams=['2N/D'], turns=['proportional']),
    dict(methods=['csod-logdet']),
    # 2 and 10 a class
    dict(methods=['classwise-facility-location'], turns=['proportional'], num_images=[10, 50]),
    dict(methods=['uniform', 'full', 'stride'], num_images=[10, 50]),
    dict(methods=['csod'], lams=['2N/D'], num_images=[10, 50]),
    dict(methods=['classwise-facility-location'], num_images=[10, 50]),
]
