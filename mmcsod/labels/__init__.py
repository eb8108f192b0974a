"""From labels as people have them (COCO, YOLO, VOC) to a plain MMDetection config."""
