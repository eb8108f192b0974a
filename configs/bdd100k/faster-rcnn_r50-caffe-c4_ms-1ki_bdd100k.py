# Section 4.6: BDD100k, 200 images in 1,000 iterations of 16, as for VOC (the paper's schedule for BDD100k is not in
# its main text). 500, 1,000 and 2,000 images: --iters 2500, 5000, 10000.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50-caffe-c4.py', '../_base_/datasets/bdd100k_detection.py',
    '../_base_/schedules/schedule_1ki.py'
]
model = dict(roi_head=dict(bbox_head=dict(num_classes=10)))
