"""``nightsift table``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that prints the figures of reports."""
    table = verbs.add_parser("table", help="print the figures of report directories as Markdown")
    table.add_argument("report", nargs="+", help="a report directory of PlotResults")
    table.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.table import table

    return table(options.report)
