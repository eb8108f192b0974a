"""``mmcsod demo``."""

from __future__ import annotations

import argparse

DESCRIPTION = ('Train, select, retrain and compare on rendered images; needs no download and at most 8 minutes on '
               '2 cores.')
EXAMPLES = """example:
  mmcsod demo"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add none: the demo takes no options."""


def main(args: argparse.Namespace) -> None:
    """Run the demo."""
    from mmcsod.demo.pipeline import run_demo

    run_demo()
