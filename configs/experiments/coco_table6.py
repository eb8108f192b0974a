# Table 6: COCO 2017, 400 and 800 images, with AP50 in the table; AP and AP75 are in the result lines.
#
# Not stated in the text this project has (section S3), and chosen here: Faster R-CNN C4 as on VOC, 5 iterations an
# image, batch 16 at learning rate 0.02, a selector of 90,000 iterations, lam 'auto', 5 runs.
name = 'coco2017'
detectors = {'faster-rcnn': 'configs/coco/faster-rcnn_r50-caffe-c4_2ki_coco.py'}
selector = dict(detector='faster-rcnn', iters=90000)
metric = 'coco/bbox_mAP_50'
iters = {400: 2000, 800: 4000}

grid = [dict(methods=['uniform', 'csod'], num_images=[400, 800], seeds=5)]
