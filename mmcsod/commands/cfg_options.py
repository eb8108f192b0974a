"""The option that every command with a config has."""

from __future__ import annotations

import argparse


def add_cfg_options(
    parser: argparse._ActionsContainer, text: str = 'replace entries of the config, as for mmdet'
) -> None:
    """Add ``--cfg-options``; given twice, both count."""
    parser.add_argument('--cfg-options', nargs='+', action='extend', metavar='KEY=VALUE', default=[], help=text)
