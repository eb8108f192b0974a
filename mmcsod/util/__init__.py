"""Tools for all of the package: files, errors, the console, configs, processes."""
