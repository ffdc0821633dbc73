"""``nightsift list``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.listing import KINDS, listing
from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that lists what there is."""
    parser = verbs.add_parser("list", help="list tasks, surveys, data sets, recipes of every kind and packages")
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    return listing((options.kind,) if options.kind else KINDS)
