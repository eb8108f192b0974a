# Table 7: images selected with Faster R-CNN, other detectors trained on 500 of them. Their learning rates and clipping
# (section S4) are not in the text this project has: those of configs/pascal_voc, the same for both rows.
_base_ = '_base_/voc0712.py'

detectors = {
    'retinanet': 'configs/pascal_voc/retinanet_r50_fpn_1ki_voc0712.py',
    'fcos': 'configs/pascal_voc/fcos_r50-caffe_fpn_gn-head_1ki_voc0712.py',
}
grid = [
    dict(methods=['uniform', 'csod'], num_images=[500], lams=[0.0625], seeds=20, detectors=['retinanet', 'fcos']),
]
