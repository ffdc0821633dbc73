"""Arguments of ``nightsift demo``.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that shows the pipeline at work."""
    demo = verbs.add_parser("demo", help="build a classifier and its report on a survey that is drawn")
    demo.add_argument("survey", nargs="?", default="synthetic", help="a survey with `made: true` (default: synthetic)")
    demo.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.demo import demo

    return demo(options.survey)
