"""Stage 1: ground-truth RoI features, and the bank they are kept in. Importing this package imports nothing."""

TAPS = ('auto', 'roi', 'pooled', 'fc')
"""Where RoI vectors can be read; :class:`mmcsod.features.taps.RoITap` says what each is."""
