"""``nightsift plan``: its arguments, which are those of luigi.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that shows what a task would build."""
    plan = verbs.add_parser("plan", help="show what a task would build, and why", add_help=False)
    plan.add_argument("task", help="as for luigi: a task and its parameters")
    plan.set_defaults(run=_run, takes_parameters=True)


def _run(options: argparse.Namespace) -> int:
    from commands.plan import plan

    return plan([options.task, *options.parameters])
