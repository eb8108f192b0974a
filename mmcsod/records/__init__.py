"""The two records that everything hangs on, the feature bank and the coreset, and their files. NumPy only."""
