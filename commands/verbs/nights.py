"""``nightsift nights``, ``status`` and ``refetch``: their arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verbs that look at nights and at their frozen input."""
    status = verbs.add_parser("status", help="compare each night's input with what was frozen")
    status.add_argument("survey")
    status.set_defaults(run=_status)
    refetch = verbs.add_parser(
        "refetch", help="freeze a night's input again, so that the next run uses it as it is now"
    )
    refetch.add_argument("survey")
    refetch.add_argument("night", help="a night, several as 2026-01-01,2026-01-03, or a range 2026-01-01..2026-01-06")
    refetch.add_argument(
        "--labels", action="store_true", help="take only new labels: no image is looked at, cut or subtracted again"
    )
    refetch.set_defaults(run=_refetch)
    listed = verbs.add_parser("nights", help="list the nights that hold candidates, for a data-set recipe")
    listed.add_argument("survey")
    listed.set_defaults(run=_listing)


def _status(options: argparse.Namespace) -> int:
    from commands import nights

    return nights.status(options.survey)


def _refetch(options: argparse.Namespace) -> int:
    from commands import nights

    again = nights.relabel if options.labels else nights.refetch
    return max(again(options.survey, night) for night in nights.asked(options.survey, options.night))


def _listing(options: argparse.Namespace) -> int:
    from commands import nights

    return nights.listing(options.survey)
