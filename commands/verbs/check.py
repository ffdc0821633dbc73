"""``nightsift check``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that looks for faults of settings."""
    check = verbs.add_parser("check", help="validate a survey or recipe: keys, columns, files, queries; all faults")
    check.add_argument(
        "name",
        help="name of a settings file: survey, data set, classifier, simulation or search space; or its path",
    )
    check.add_argument(
        "--all",
        action="store_true",
        help="read the images or stamps of every night of a survey, not only of the newest",
    )
    check.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.check import check

    return check(options.name, options.all)
