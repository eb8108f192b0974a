# Real video: debris on airport pavement. Features of ImageNet's backbone select; fod_a_1.py and fod_a_2.py have a
# trained selecting detector. The protocol is in docs/results.md, fixed before the first run. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_light_256x256_fod_a.py --num-images 115 \
#       --work-dir work_dirs/imagenet_fod_a
name = 'fod_a'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_light_256x256_fod_a.py'}
selector = dict(bank='work_dirs/imagenet_fod_a/features')
metric = 'coco/bbox_mAP_50'
iters = 250
num_images = [115]  # 5 a class
seeds = [0]

grid = [
    dict(methods=['csod'], lams=['2N/D']),
    dict(methods=['classwise-facility-location', 'uniform', 'full']),
    dict(methods=['csod', 'stride']),
    dict(methods=['classwise-facility-location', 'csod'], turns=['proportional']),
    dict(methods=['csod'], lams=['2N/D'], turns=['proportional']),
    dict(methods=['csod-logdet']),
    # 2 and 10 a class
    dict(methods=['classwise-facility-location'], turns=['proportional'], num_images=[46, 230]),
    dict(methods=['uniform', 'full', 'stride'], num_images=[46, 230]),
    dict(methods=['csod'], lams=['2N/D'], num_images=[46, 230]),
    dict(methods=['classwise-facility-location'], num_images=[46, 230]),
]
