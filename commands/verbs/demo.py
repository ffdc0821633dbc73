"""``nightsift demo``: it takes no arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that shows the pipeline at work."""
    demo = verbs.add_parser("demo", help="build a classifier and its report on a synthetic sky")
    demo.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:  # noqa: ARG001
    from commands.demo import demo

    return demo()
