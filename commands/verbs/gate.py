"""Arguments of ``nightsift gate``.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that says whether a classifier may go live."""
    gate = verbs.add_parser(
        "gate",
        help="say whether a report lets its classifier go live, with reasons; exit code 3 if not",
        epilog="example: nightsift gate data/ztf/r1/2024-01-01_2024-01-31/PlotResults-... --champion braai",
    )
    gate.add_argument("report", help="a report directory of PlotResults, of real and bogus")
    gate.add_argument("--rules", default="default", help="file of config/gates, by its name, or its path")
    gate.add_argument(
        "--champion", default="", help="what serves now: a model of this report, or the directory of its own report"
    )
    gate.add_argument("--json", action="store_true", help="print one JSON object")
    gate.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.gate import gate

    return gate(options.report, options.rules, options.champion, options.json)
