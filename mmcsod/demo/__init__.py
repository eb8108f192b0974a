"""The demo: a rendered dataset and the whole pipeline run on it, nothing downloaded."""
