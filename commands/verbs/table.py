"""``nightsift table``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that prints the figures of reports and of packages."""
    table = verbs.add_parser("table", help="print the figures of reports, or model packages side by side, as Markdown")
    table.add_argument(
        "report", nargs="+", help="a report directory of PlotResults; with --packages, a package or folder"
    )
    table.add_argument("--packages", action="store_true", help="compare the model packages in these folders")
    table.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    if options.packages:
        from commands.package_table import package_table

        return package_table(options.report)
    from commands.table import table

    return table(options.report)
