# Images chosen before anything was trained, by ImageNet's backbone. First:
#   mmcsod select configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_bccd.py --num-images 30 \
#       --work-dir work_dirs/imagenet_bccd
name = 'bccd_no_detector'
detectors = {'faster-rcnn': 'configs/small/faster-rcnn_mobilenet-v2_fpn_320x256_bccd.py'}
selector = dict(bank='work_dirs/imagenet_bccd/features')
metric = 'pascal_voc/mAP'
iters = 80
lams = ['2N/D']  # what 'auto' was when these were run

grid = [
    dict(methods=['csod'], num_images=[30], seeds=3),
]
