"""Scenes of parts on a workbench, rendered as video would show them."""
