# Which features should an FPN detector's boxes have? 'auto' is 'fc' here: after the box head's shared layers.
_base_ = 'chess.py'

grid = [
    dict(methods=['uniform', 'csod'], num_images=[24, 12], seeds=3),
    dict(methods=['csod'], num_images=[24, 12], taps=['roi'], seeds=3),
]
