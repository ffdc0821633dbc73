"""``nightsift scheduler``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that starts the scheduler and the page server."""
    scheduler = verbs.add_parser("scheduler", help="start the central scheduler and the page server, on 127.0.0.1")
    scheduler.add_argument("--port", type=int, default=8082, help="port of the scheduler [default: 8082]")
    scheduler.add_argument(
        "--report-port",
        type=int,
        default=8083,
        help="port of the reports, as in report_url of luigi.cfg [default: 8083]",
    )
    scheduler.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.scheduler import serve

    return serve(options.port, options.report_port)
