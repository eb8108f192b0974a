"""The check of labels: faults in annotation files are found, named and counted before MMDetection reads them."""
