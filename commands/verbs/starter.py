"""Arguments of ``nightsift make-starter``.

Tested by tests/commands/test_main.py.
"""

import argparse
from pathlib import Path

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that makes the package that comes with Nightsift."""
    made = verbs.add_parser("make-starter", help="make the package `starter` again, from skies that are drawn for it")
    made.add_argument("folder", type=Path, help="the package to make")
    made.add_argument("--worth", type=Path, default=None, help="Markdown with what was measured of it, for its card")
    made.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.starter import make_starter

    return make_starter(options.folder, options.worth)
