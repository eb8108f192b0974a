"""``mmcsod demo``."""

from __future__ import annotations

import argparse

DESCRIPTION = """Train, select, retrain and compare: on the photographs of chess boards that a checkout carries, or on
rendered images. Nothing is downloaded. It takes at most 8 minutes on 2 cores."""
EXAMPLES = """examples:
  mmcsod demo               in a checkout's folder
  mmcsod demo --rendered    anywhere"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the dataset."""
    parser.add_argument(
        '--rendered',
        action='store_true',
        help='render images of parts on a workbench, in bursts as video gives them, and use those',
    )


def main(args: argparse.Namespace) -> None:
    """Run the demo."""
    from mmcsod.demo.pipeline import run_demo
    from mmcsod.demo.scenarios import photographs, rendered

    run_demo(rendered() if args.rendered else photographs())
