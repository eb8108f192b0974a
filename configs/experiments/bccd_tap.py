# As chess_tap.py.
_base_ = 'bccd.py'

grid = [
    dict(methods=['uniform', 'csod'], num_images=[10], seeds=3),
    dict(methods=['csod'], num_images=[10], taps=['roi'], seeds=3),
]
