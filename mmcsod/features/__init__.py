"""Stage 1: ground-truth RoI features. Importing this package imports nothing."""
