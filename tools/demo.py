"""Train, select, retrain and compare on rendered images; needs no download and at most 8 minutes on 2 cores.

Example:
    python tools/demo.py
"""

from __future__ import annotations

import argparse

from mmcsod.cli import run


def main() -> None:
    """Run the demo; it takes no options."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    from mmcsod.demo.pipeline import run_demo
    run_demo()


if __name__ == '__main__':
    run(main)
