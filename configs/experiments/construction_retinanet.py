# construction.py's leaders, retrained as RetinaNet.
_base_ = 'construction.py'
name = 'construction_retinanet'
detectors = dict(
    _delete_=True, retinanet='configs/small/retinanet_mobilenet-v2_fpn_light_320x256_construction.py'
)
seeds = 3

grid = [
    dict(methods=['classwise-facility-location'], turns=['proportional']),
    dict(methods=['classwise-facility-location', 'uniform', 'full']),
]
