"""Arguments of ``nightsift session-report``.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that reports on the people who judged candidates."""
    report = verbs.add_parser(
        "session-report",
        help="say how much, how fast and how well people judged candidates, how far they agree, and what is left",
        epilog="example: nightsift session-report synthetic --night 2026-01-05",
    )
    report.add_argument("survey")
    report.add_argument("--night", default="", help="only verdicts on candidates of this night [default: all]")
    report.add_argument("--since", default="", help="only verdicts from this moment on, UTC, as 2026-02-01T12:00:00")
    report.add_argument(
        "--rows",
        default="",
        help="cutout files or data sets, separated by commas, that know the class of hidden gold and the SNR "
        "[default: the newest cutout file of each night]",
    )
    report.add_argument("--agreeing", type=int, default=2, help="votes that retire a candidate [default: 2]")
    report.add_argument("--most", type=int, default=5, help="votes after which nobody is asked again [default: 5]")
    report.add_argument("--json", action="store_true", help="print one JSON object")
    report.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.session_report import session_report
    from pipeline.people.retirement import Retirement

    return session_report(
        options.survey,
        night=options.night,
        since=options.since,
        rows=options.rows,
        retirement=Retirement(agreeing=options.agreeing, most=options.most),
        as_json=options.json,
    )
