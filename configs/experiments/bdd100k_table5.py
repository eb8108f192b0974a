# Table 5: BDD100k, 200 to 2,000 images, with AP50 in the table; AP and AP75 are in the result lines.
#
# Not stated in the text this project has (section S2), and chosen here: Faster R-CNN C4 as on VOC, 5 iterations an
# image, batch 16 at learning rate 0.02, a selector of 90,000 iterations, lam 'auto', 5 runs.
name = 'bdd100k'
detectors = {'faster-rcnn': 'configs/bdd100k/faster-rcnn_r50-caffe-c4_ms-1ki_bdd100k.py'}
selector = dict(detector='faster-rcnn', iters=90000)
metric = 'coco/bbox_mAP_50'
iters = {200: 1000, 500: 2500, 1000: 5000, 2000: 10000}

grid = [dict(methods=['uniform', 'csod'], num_images=[200, 500, 1000, 2000], seeds=5)]
