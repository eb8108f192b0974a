"""What can be said of a coreset without training: sizes, list changes, prototypes, coverage and redundancy."""
