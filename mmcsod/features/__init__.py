"""Stage 1: ground-truth RoI features, and the bank they are kept in. Importing this package imports nothing."""
