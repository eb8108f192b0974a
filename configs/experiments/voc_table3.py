# Table 3: how representative one vector an image is, beside one an object; no diversity.
_base_ = '_base_/voc0712.py'

grid = [
    dict(methods=['csod', 'csod-objectwise'], num_images=[20, 40, 60, 80, 100, 200], lams=[1e10], seeds=20),
]
