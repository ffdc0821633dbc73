"""``nightsift eyeball``: its arguments.

Tested by tests/commands/test_main.py.
"""

import argparse

from commands.verbs import Verbs


def add_to(verbs: Verbs) -> None:
    """Add the verb that serves the page on which candidates are judged."""
    page = verbs.add_parser("eyeball", help="look at candidates and judge them by keyboard, on a page of this machine")
    page.add_argument("--survey", default="", help="survey of --night or --dataset")
    page.add_argument("--night", default="", help="local date of the evening, as 2026-01-05, or an MJD")
    page.add_argument("--dataset", default="", help="a data-set recipe [default: the survey's]")
    page.add_argument("--classifier", default="", help="classifier of the scores [default: the survey's]")
    page.add_argument("--package", default="", help="package of the scores, by folder or name")
    page.add_argument("--release", default="", help="release of the scores [default: the survey's]")
    page.add_argument("--seed", type=int, default=1, help="seed of the classifier [default: 1]")
    page.add_argument("--report", default="", help="folder of a report: what it judges, its mistakes first")
    page.add_argument("--rows", default="", help="a cutout file or data set, in place of a task's")
    page.add_argument("--scores", default="", help="a scores file, in place of those that Infer makes")
    page.add_argument("--suspicious", default="", help="list or folder of FindSuspiciousLabels, as a queue")
    page.add_argument("--selected", default="", help="list of SelectForLabelling, as a queue")
    page.add_argument("--person", default="", help="who judges [default: the page asks]")
    page.add_argument("--address", default="127.0.0.1", help="where to listen; any but this machine's own asks for a "
                      "token [default: 127.0.0.1]")  # fmt: skip
    page.add_argument("--port", type=int, default=8765, help="0 takes a free one [default: 8765]")
    page.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from commands.eyeball import Asked, eyeball
    from tasks import Infer

    of_task = ("survey", "night", "release", "package", "classifier", "dataset", "seed")
    infer = Infer(**{name: getattr(options, name) for name in of_task}) if options.survey else None
    named = ("rows", "scores", "report", "suspicious", "selected", "person", "address", "port")
    return eyeball(Asked(infer=infer, **{name: getattr(options, name) for name in named}))
